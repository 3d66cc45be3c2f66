// One node of a pair, whole, but for sockets, threads and packets: it plays the role that the role machine
// decides, with the engine while it leads and the receiver while it follows. Sans-io: the daemon drives it
// from a thread, a simulator from a seed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/arbiter.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/engine/holdings.h"
#include "standby/pair/config_exchange.h"
#include "standby/pair/forwarding.h"
#include "standby/receiver.h"
#include "standby/roles/local_arbiter.h"
#include "standby/roles/role_machine.h"
#include "standby/takeover.h"

namespace stillwater::standby {

// What the rest of the node is told, for log and status.
class PairEvents {
 public:
  virtual ~PairEvents() = default;
  enum class Severity : std::uint8_t { info, warning, error };
  virtual void said(Severity severity, const std::string& text) = 0;
  // Bytes that this round of a first sync has still to look at.
  virtual void sync_progress(std::uint64_t left_bytes) = 0;
  // What heartbeats say from now on. Called before a request that may change this node's role leaves, so that
  // no heartbeat sent after it denies it.
  virtual void says(const wire::Heartbeat& content) = 0;
  // PairNode has no use for the connection any more; the host closes it, and does not report it as lost.
  virtual void hang_up(const std::string& why) = 0;
};

// Everything it refers to outlives it. One control thread, but for the lease.
class PairNode final : private TakeoverSteps, private ReceiverHost {
 public:
  struct Parts {
    RoleOptions roles;
    wire::Hello identity;  // the fields that do not change while the node runs
    region::Region& region;
    trackers::DirtyTracker& tracker;
    CommittedEpoch& epochs;
    const Clock& clock;
    Forwarding& forwarding;
    Lease& lease;
    Arbiter* arbiter;  // null: each node is its own
    engine::Staging staging;
    ReservedBuffer& reserved;
    engine::Policy policy;
    PairEvents& events;
    ConfigHost* config = nullptr;  // null: there is no configuration beside the files
  };
  explicit PairNode(Parts parts);

  // The connection. After `connected` and until `disconnected` or hang_up, `link` is sent on, and bytes that
  // came go into `space` and are told by `received`, whose error means: close it, and call `disconnected`.
  [[nodiscard]] wire::Hello hello() const;
  void connected(wire::Transport& link, const wire::Hello& theirs);
  void disconnected(const std::string& why, RoleMachine::EndedBy who = RoleMachine::EndedBy::peer);
  [[nodiscard]] std::span<std::byte> space();
  [[nodiscard]] Status received(std::size_t n);

  // A heartbeat of the peer's that came at `at`, whose grants and stamps the lease was told already.
  void beat(const wire::Heartbeat& theirs, Instant at);
  // One of this node's that was sent at `sent` found no process at the peer's address.
  void beat_refused(Instant sent) { machine_.beat_refused(sent); }

  // Does everything that is due. Call by `wake_at`, and after each of the above.
  void turn();
  // Call it before a wait: see Engine::ask_again_at.
  [[nodiscard]] Instant wake_at();

  // Operator's requests. A checkpoint is taken as soon as one may be; `pause` stops them, and the filling of
  // a peer.
  void request_checkpoint() { checkpoint_wanted_ = true; }
  void pause(bool on) { paused_ = on; }
  void set_policy(const engine::Policy& policy) { engine_.set_policy(policy); }
  // A planned switchover begins; it is over when the phase is not `handing` any more.
  [[nodiscard]] Status hand_over();
  // False if it is too late: the arbiter was asked.
  bool call_off_hand_over();
  // After a hand-over: what waited here is being brought to the peer.
  [[nodiscard]] bool brings_waiting() const { return bring_until_ != Instant{}; }
  // Changes the running configuration: see ConfigExchange::change. Not while one is under way.
  void change_config(ConfigBytes delta) { config_.change(std::move(delta)); }
  [[nodiscard]] std::optional<Result<std::uint64_t>> take_config_answer() { return config_.take_answer(); }
  [[nodiscard]] const ConfigExchange& config() const { return config_; }
  // The node stops: tells the peer, which need not wait for silence. The workers are quiesced.
  void say_goodbye();

  [[nodiscard]] const RoleMachine& machine() const { return machine_; }
  [[nodiscard]] const engine::Engine& engine() const { return engine_; }
  [[nodiscard]] const Receiver& receiver() const { return receiver_; }
  [[nodiscard]] std::uint64_t committed() const;
  [[nodiscard]] std::uint64_t epochs_followed() const { return epochs_followed_; }
  [[nodiscard]] const std::string& last_takeover() const { return last_takeover_; }
  // How often this node led on without the standby that it had, since start.
  [[nodiscard]] std::uint64_t standbys_lost() const { return standbys_lost_; }
  // Why the node cannot go on at all; empty if it can.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // What became of the checkpoint that was requested, once it is known: the committed epoch, or why there is
  // none.
  [[nodiscard]] std::optional<Result<std::uint64_t>> take_checkpoint_answer() {
    return std::exchange(checkpoint_answer_, std::nullopt);
  }

 private:
  static constexpr Nanos kAckPatience = 1s;
  static constexpr Nanos kLeastPause = 1ms;
  static constexpr Nanos kReleaseWithin = 5ms;
  static constexpr Nanos kExpectWithin = 20ms;
  static constexpr Nanos kBringWithin = 200ms;  // a port where no announcement arrives is given up

  [[nodiscard]] wire::Heartbeat heartbeat() const;
  void perform(const Decision& decision);
  void decide_all();
  void tell_record();
  void read_on_if_not_to_lead();
  void exchange_config();
  void tell_holdings();
  void fail_node(const std::string& why) { failure_ = why; }
  void say(PairEvents::Severity severity, const std::string& text) { parts_.events.said(severity, text); }
  void hang_up(const std::string& why);
  // The connection is read on by the other role, from the frame that has begun to arrive.
  void read_on_as_leader();
  void read_on_as_follower();
  [[nodiscard]] bool stop_forwarding();
  void forward();

  // As leader (leading.cc).
  void begin_empty(const ArbiterRecord& record);
  void stand_alone();
  void fill_peer();
  void fence_leader();
  void hand_down();
  void lead_turn(Instant now);
  void hand_over_turn();
  void checkpoint_if_due(Instant now);
  [[nodiscard]] Status leader_received(std::size_t n);
  [[nodiscard]] Status on_follower_message(const wire::Frame& frame);
  [[nodiscard]] Status waiting_brought(const wire::Frame& frame);
  [[nodiscard]] Status on_ack(const wire::Ack& ack);
  [[nodiscard]] Status on_abort(const wire::Abort& abort);

  // As follower (following.cc).
  void bring_waiting(Instant now);
  [[nodiscard]] Status follower_received(std::size_t n);
  [[nodiscard]] engine::Holdings holdings() const;
  void roll_back_partial_epoch();
  [[nodiscard]] std::string waited_before_takeover() const;
  void take_over();
  [[nodiscard]] Status fence() override;
  [[nodiscard]] Status finish_or_roll_back() override;
  [[nodiscard]] Status take_personality() override;
  [[nodiscard]] Status set_clocks() override;
  [[nodiscard]] Status drain_ports() override;
  [[nodiscard]] Status restart_agent() override;
  [[nodiscard]] Status announce() override;
  [[nodiscard]] Status sync_begins(const wire::SyncBegin& begin) override;
  [[nodiscard]] Status holdings_told(const wire::Frame& frame) override;
  [[nodiscard]] Status config_told(const wire::Frame& frame) override { return config_.part_told(frame); }
  [[nodiscard]] Grant grant() const override { return parts_.lease.grant(); }
  void record_told(const wire::Record& record) override;
  [[nodiscard]] bool is_to_lead() const override {
    return machine_.record() && machine_.record()->active == parts_.roles.node;
  }

  Parts parts_;
  LocalArbiter local_;
  RoleMachine machine_;
  engine::Engine engine_;
  Receiver receiver_;
  ConfigExchange config_;

  wire::Transport* link_ = nullptr;
  std::uint64_t peer_incarnation_ = 0;
  std::vector<std::byte> inbox_;  // of a leader: the begin of a frame, and room for what comes
  std::size_t inbox_filled_ = 0;
  bool replicating_ = false;  // the peer on this link holds what the engine ships on from
  std::optional<engine::HoldingsReader> peer_holds_;  // of a leader: on this connection, until it is filled
  std::optional<engine::Holdings> left_behind_;  // this node led in the memory that it has, and does no more
  bool holdings_told_ = false;                   // of a follower: on this connection, and they are so still
  bool last_epoch_shipped_ = false;
  bool checkpoint_wanted_ = false;
  bool paused_ = false;
  std::string last_takeover_;
  std::uint64_t standbys_lost_ = 0;
  std::string failure_;
  std::uint64_t epochs_followed_ = 0;
  bool requested_under_way_ = false;  // the epoch that waits for its acknowledgement was requested
  std::optional<Result<std::uint64_t>> checkpoint_answer_;
  std::uint64_t brought_ = 0;       // packets
  Instant bring_until_{};           // none: nothing is brought
  Instant region_time_heard_at_{};  // when region_now_heard_ was true
  Nanos region_now_heard_{};
};

}  // namespace stillwater::standby
