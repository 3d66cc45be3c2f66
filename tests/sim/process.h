// The daemon of one node: the product's pair node and lease, driven as the daemon drives them, by a control
// thread (a fiber) and a thread for heartbeats (events).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "ckpt_engine/trackers/barrier_tracker.h"
#include "standby/pair/pair_node.h"
#include "tests/sim/configuration.h"
#include "tests/sim/fiber.h"
#include "tests/sim/network.h"
#include "tests/sim/packets.h"
#include "tests/sim/witness.h"

namespace stillwater::sim {

class Machine;

// Thrown on the control thread where its process dies.
struct Died {};

class Process final : private standby::PairEvents, private wire::Transport {
 public:
  Process(World& world, Machine& machine);
  ~Process() override;

  void start();
  // Unwinds the control thread. On that thread itself: throws.
  void die();

  [[nodiscard]] const standby::PairNode& pair() const { return *pair_; }
  [[nodiscard]] const standby::Lease& lease() const { return lease_; }
  [[nodiscard]] Packets& packets() { return packets_; }
  [[nodiscard]] const Packets& packets() const { return packets_; }
  [[nodiscard]] Machine& machine() { return machine_; }
  [[nodiscard]] unsigned index() const;
  [[nodiscard]] std::uint64_t incarnation() const;
  [[nodiscard]] Step step() const;
  [[nodiscard]] std::uint64_t stint() const { return stint_; }
  void begin_stint(std::uint64_t stint) { stint_ = stint; }
  [[nodiscard]] bool connected() const { return link_ != nullptr; }
  [[nodiscard]] bool began_empty() const;

  // Events.
  void wake();
  void datagram(const wire::Heartbeat& beat);
  void refused(const wire::Heartbeat& beat);
  void accept(const std::shared_ptr<Connection>& c);
  void arbiter_answers(std::uint64_t number, const ArbiterAnswer& answer);
  void want_hand_over() { hand_over_wanted_ = true; }
  // Of the configuration; the next of the control thread's turns asks for it, unless one is under way.
  void want_change(std::uint32_t number) { change_wanted_ = number; }
  [[nodiscard]] std::uint32_t configuration() const { return builder_.configuration(); }

  // On the control thread. Time passes; a fault may strike here, at `step`.
  void pause(Nanos time);
  void at(Step step);
  [[nodiscard]] bool on_control_thread() const { return Fiber::current() == &control_; }

 private:
  // The clock that the product looks at: looking may be interrupted by anything.
  class ControlClock final : public Clock {
   public:
    explicit ControlClock(Process& process) : process_(process) {}
    [[nodiscard]] Instant now() const override;

   private:
    Process& process_;
  };
  struct Handshake {
    std::shared_ptr<Connection> connection;
    bool dialled = false;
    bool hello_sent = false;
    Instant deadline{};
  };
  struct Met {
    std::shared_ptr<Connection> connection;
    wire::Hello hello;
    bool dialled = false;
  };

  void run();
  void turn();
  void change_configuration();
  void wait_until(Nanos when, bool may_be_woken);
  void resume_control(std::uint64_t wait);

  // meeting.cc
  void dial_if_alone();
  void meet_if_any();
  [[nodiscard]] std::optional<Met> advance_handshakes();
  [[nodiscard]] bool send_hello(const std::shared_ptr<Connection>& c);
  [[nodiscard]] bool answer(const Met& met);
  void join(Met met);
  void refuse(const std::shared_ptr<Connection>& c, const std::string& why);
  void refused();
  void read_connection();
  void judge_what_came();
  void close_link(const std::string& why);

  // Heartbeat thread.
  void beat_thread();
  void send_beat();
  void receive_beats();

  [[nodiscard]] Status send(wire::Bytes frames) override;
  [[nodiscard]] Status send_frame(wire::Bytes frame);
  void says(const wire::Heartbeat& content) override { content_ = content; }
  void said(Severity severity, const std::string& text) override;
  void sync_progress(std::uint64_t) override {}
  void hang_up(const std::string& why) override;

  World& world_;
  Machine& machine_;
  ControlClock clock_;
  Packets packets_;
  standby::Lease lease_;
  trackers::BarrierTracker tracker_;
  standby::ReservedBuffer reserved_;
  std::unique_ptr<WitnessClient> witness_;
  Builder builder_;
  std::unique_ptr<standby::PairNode> pair_;
  std::uint64_t stint_ = 0;

  Fiber control_;
  bool dying_ = false;
  bool woken_ = false;
  bool may_be_woken_ = false;
  std::uint64_t wait_ = 0;

  std::shared_ptr<Connection> link_;
  bool link_dialled_ = false;
  Instant link_since_{};
  // Before the bytes that are being taken in.
  struct Before {
    bool whole = false;
    std::uint64_t committed = 0;
    std::uint64_t stint = 0;  // of their sender
  } before_;
  std::vector<Handshake> handshakes_;
  std::optional<Met> met_;
  Instant met_at_{};
  Instant next_dial_{};
  Nanos dial_pause_{};
  Instant peer_beat_at_{};
  Instant peer_stamp_{};  // of the newest heartbeat
  std::uint64_t peer_process_ = 0;
  Instant peer_led_at_{};
  bool hand_over_wanted_ = false;
  std::uint32_t change_wanted_ = 0;  // 0: none
  std::uint32_t change_asked_ = 0;   // under way; 0: none
  standby::Phase traced_ = standby::Phase::starting;

  struct ReceivedBeat {
    wire::Heartbeat beat;
    Instant at;
  };
  void note_peer(const ReceivedBeat& received);
  wire::Heartbeat content_{};
  Instant newest_stamp_{};
  std::deque<wire::Heartbeat> udp_;         // arrived in the kernel
  std::deque<ReceivedBeat> beats_waiting_;  // for the control thread
  std::optional<Instant> refusal_;          // likewise: when the newest refused heartbeat was sent
};

}  // namespace stillwater::sim
