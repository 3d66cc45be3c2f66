// One node of a pair: the role it plays, and the thread on which it plays it.
//
// The replication thread owns the engine, the receiver and every decision about roles. Other threads read the
// published status and post requests.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "appliance/config/config.h"
#include "appliance/replication/handshake.h"
#include "appliance/replication/heartbeats.h"
#include "appliance/replication/repeat_filter.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/trackers/barrier_tracker.h"
#include "dataplane/dataplane.h"
#include "standby/failure_detector.h"
#include "standby/receiver.h"
#include "standby/roles.h"
#include "standby/takeover.h"

namespace stillwater::appliance {

// What the management plane shows of the node's role; a copy, taken under a lock.
struct NodeView {
  standby::Role role = standby::Role::starting;
  std::string role_reason;
  std::uint64_t term = 0;
  std::uint64_t committed_epoch = 0;
  std::string peer;
  double sync_progress = 0;
  std::uint64_t epochs_followed = 0;  // committed here on behalf of an active, since start
  std::uint64_t refused = 0;
  std::string last_refusal;
  std::string last_takeover;
};

class Node final : private standby::TakeoverSteps {
 public:
  // Everything referred to outlives the node. The dataplane's workers run, quiesced and discarding.
  struct Parts {
    const Config& config;
    region::Region& region;
    dataplane::Dataplane& dataplane;
    CommittedEpoch& epochs;
    const Clock& clock;
  };
  // Opens the sockets and reserves memory. Errors: io, resource_exhausted.
  [[nodiscard]] static Result<std::unique_ptr<Node>> create(const Parts& parts);
  ~Node() override;

  // Plays its role until `stop`: an active hands over to its standby first, within about a second.
  void start();
  void stop();
  // The replication thread ended by itself: the node cannot go on (view().role_reason says why).
  [[nodiscard]] bool failed() const { return failed_; }

  // Any thread.
  [[nodiscard]] NodeView view() const;
  [[nodiscard]] engine::Summary checkpoints() const {
    return engine_->statistics().summary(parts_.clock.now());
  }
  [[nodiscard]] const char* tracker() const { return tracker_->name(); }
  [[nodiscard]] engine::Policy policy() const;
  // Asks the replication thread; the future is ready when it has done so, or refused.
  [[nodiscard]] std::future<Result<std::uint64_t>> request_checkpoint();
  [[nodiscard]] std::future<Status> request_quiesce(Nanos limit);
  [[nodiscard]] std::future<Status> request_resume();
  [[nodiscard]] std::future<Status> request_policy(const engine::Policy& policy);

 private:
  class Link;  // the connection to the peer, as a transport

  explicit Node(const Parts& parts);
  [[nodiscard]] Status open();

  // The replication thread.
  void run();
  void wait_for_events();
  void read_heartbeats();
  void read_connection();
  void run_requests();
  void dial_if_alone();
  void accept_one();
  void meet_if_any();
  void join(Met met);
  void lost_connection(const std::string& why);
  void start_looking_for_peer(const std::string& why);
  void refused(const std::string& why);
  void refuse_connection(const UniqueFd& fd, const std::string& why);
  void fail_node(const std::string& why);
  void set_role(standby::Role role, const std::string& reason);
  void publish();
  [[nodiscard]] wire::Hello my_hello() const;
  [[nodiscard]] bool leading() const;

  // As leader (leader.cc).
  void start_empty(const std::string& reason);
  void lead();
  void lead_turn();
  void checkpoint_if_due(Instant now);
  [[nodiscard]] Status leader_received(std::span<const std::byte> bytes);
  [[nodiscard]] Status on_follower_message(const wire::Frame& frame);
  void hand_over();
  void fall_silent();
  [[nodiscard]] Status step_down();

  // As follower (follower.cc).
  void follow();
  void follow_turn();
  [[nodiscard]] Status follower_received(std::size_t bytes);
  void roll_back_partial_epoch();
  enum class Proof { none, its_own_word };  // that the old active sends no more
  void take_over(const std::string& reason, Proof proof);
  [[nodiscard]] Status fence() override;
  [[nodiscard]] Status finish_or_roll_back() override;
  [[nodiscard]] Status take_personality() override;
  [[nodiscard]] Status set_clocks() override;
  [[nodiscard]] Status drain_ports() override;
  [[nodiscard]] Status restart_agent() override;
  [[nodiscard]] Status announce() override;

  // Requests of other threads (requests.cc).
  template <class T>
  [[nodiscard]] std::future<T> post(std::function<void(std::promise<T>)> act);
  void answer_checkpoint_waiters(const Result<std::uint64_t>& answer);
  void end_operator_quiesce(const char* why);

  Parts parts_;
  std::unique_ptr<trackers::BarrierTracker> tracker_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<standby::ReservedBuffer> reserved_;
  std::unique_ptr<standby::Receiver> receiver_;
  UniqueFd listener_;
  std::unique_ptr<Heartbeats> heartbeats_;
  std::unique_ptr<Handshakes> handshakes_;
  std::unique_ptr<Link> link_;
  standby::FailureDetector detector_;

  standby::Role role_ = standby::Role::starting;
  std::string role_reason_;
  std::string peer_;
  std::uint64_t refused_ = 0;
  std::string last_refusal_;
  std::string last_takeover_;
  Proof proof_of_silence_ = Proof::none;
  double sync_progress_ = 0;
  Instant published_{};
  RepeatFilter refusals_said_;
  Nanos dial_pause_{};      // grows while the peer refuses or is refused
  std::optional<Met> met_;  // through the handshake, but no heartbeat of the peer was heard yet
  Instant met_at_{};
  Instant peer_beat_at_{};  // when any heartbeat of the peer came last
  std::uint64_t epochs_followed_ = 0;
  Instant peer_led_at_{};  // when a heartbeat last said that the peer leads
  Instant looking_since_{};
  Instant next_dial_{};
  Instant region_time_heard_at_{};  // when region_now_heard_ was true
  Nanos region_now_heard_{};
  std::optional<Instant> operator_quiesce_until_;
  std::string reason_before_quiesce_;
  std::uint64_t peer_term_ = 0;  // the greatest term heard of

  mutable std::mutex mutex_;
  NodeView view_;                                                        // under mutex_
  engine::Policy policy_;                                                // under mutex_
  std::vector<std::function<void()>> requests_;                          // under mutex_
  std::vector<std::promise<Result<std::uint64_t>>> checkpoint_waiters_;  // replication thread
  UniqueFd request_fd_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

}  // namespace stillwater::appliance
