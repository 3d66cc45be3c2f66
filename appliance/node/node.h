// One node of a pair as a thread with sockets: what it decides, standby/pair decides.
//
// The replication thread owns everything here. Other threads read the published view and post requests.
#pragma once

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "appliance/config/config.h"
#include "appliance/health/health_watch.h"
#include "appliance/node/plane_forwarding.h"
#include "appliance/node/sync_meter.h"
#include "appliance/replication/handshake.h"
#include "appliance/replication/paths.h"
#include "appliance/running/running_config.h"
#include "base/arbiter.h"
#include "base/committed_epoch.h"
#include "base/repeat_filter.h"
#include "base/thread.h"
#include "ckpt_engine/trackers/factory.h"
#include "dataplane/dataplane.h"
#include "standby/pair/pair_node.h"
#include "standby/roles/lead_hold.h"

namespace stillwater::appliance {

// What the management plane shows of the node's role; a copy, taken under a lock.
struct NodeView {
  standby::Role role = standby::Role::starting;
  std::string role_reason;
  std::uint64_t term = 0;
  std::uint64_t committed_epoch = 0;
  std::string peer;
  std::string link_protection;           // of the connection to the peer; empty while there is none
  std::string paths;                     // to the peer, each with how it is; empty on a lone node
  std::string cannot_fail_over_because;  // empty: it can
  std::optional<ArbiterRecord> record;   // the newest known
  double sync_progress = 0;              // 0..1: how much of the standby's copy is there
  std::optional<SyncProgress> sync;      // of a leader whose peer is being filled
  std::uint64_t epochs_followed = 0;     // committed here on behalf of an active, since start
  std::uint64_t refused = 0;
  std::string last_refusal;
  std::string last_takeover;
  std::uint64_t standbys_lost = 0;
  std::string mirror;                   // of a leader; empty on a follower
  std::string health;                   // why this node is less fit to lead, with weights; empty: it is well
  std::string stuck;                    // a worker that does not step on; empty: all do
  std::uint16_t peer_penalty = 0;       // the sum of the peer's weights
  std::uint64_t config_generation = 1;  // of the running configuration; 1: what the file says
  std::string peer_config;              // of a leader: how far its peer is with that; empty: there is no peer
  std::string
      pause_warning;  // checkpoints come near the end of what a receive ring absorbs; empty: they do not
};

class Node final : private standby::PairEvents {
 public:
  // Everything referred to outlives the node. The dataplane's workers run, quiesced and discarding.
  struct Parts {
    const Config& config;
    region::Region& region;
    dataplane::Dataplane& dataplane;
    RunningConfig& running;
    CommittedEpoch& epochs;
    TransmitPermit& permit;
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
  // Grows about every 10 ms while the replication thread goes on. Any thread.
  [[nodiscard]] std::uint64_t published() const { return publications_.load(std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] NodeView view() const;
  [[nodiscard]] bool leads() const;
  [[nodiscard]] engine::Summary checkpoints() const {
    return pair_->engine().statistics().summary(parts_.clock.now());
  }
  [[nodiscard]] const char* tracker() const { return tracker_->name(); }
  // Lines that were written without a mark, since start; counted in verification mode only.
  [[nodiscard]] std::uint64_t unmarked_writes() const { return unmarked_writes_; }
  [[nodiscard]] engine::Policy policy() const;
  // Asks the replication thread; the future is ready when it has done so, or refused.
  [[nodiscard]] std::future<Result<std::uint64_t>> request_checkpoint();
  // The same for what workers did until now, where a standby must know it before others: 0 where none must.
  [[nodiscard]] std::future<Result<std::uint64_t>> request_commit();
  [[nodiscard]] std::future<Status> request_quiesce(Nanos limit);
  [[nodiscard]] std::future<Status> request_resume();
  // Ready when the standby leads, with the record that says so. Errors: failed_precondition, and timed_out
  // after kSwitchoverPatience, when it was called off.
  [[nodiscard]] std::future<Result<ArbiterRecord>> request_switchover(bool force);
  [[nodiscard]] std::future<Status> request_policy(const engine::Policy& policy);
  // Ready with the generation of the running configuration that has the change, on this node and on whoever
  // may succeed it. One is made at a time, the others wait. Errors: ConfigExchange::change's,
  // failed_precondition (this node does not lead), resource_exhausted (too many wait).
  [[nodiscard]] std::future<Result<std::uint64_t>> request_config_change(standby::ConfigBytes delta);

 private:
  class Link;  // the connection to the peer, as a transport

  explicit Node(const Parts& parts);
  [[nodiscard]] Status open();
  [[nodiscard]] Status open_arbiter();
  [[nodiscard]] Status choose_tracker();
  void report_unmarked(const trackers::UnmarkedWrite& write);

  // The replication thread.
  void run();
  void wait_for_events();
  void turn();
  void read_heartbeats();
  void watch_headroom();
  void watch_lead();
  void hand_over();
  void leave_the_set();
  void fall_silent();
  void publish();
  // Its fitness to lead (health.cc).
  void watch_health();
  void watch_stuck_worker();
  void hand_over_to_the_fitter();
  [[nodiscard]] std::string paths_text() const;
  [[nodiscard]] std::optional<SyncProgress> sync_under_way();
  [[nodiscard]] double share_mirrored() const;
  [[nodiscard]] const standby::RoleMachine& machine() const { return pair_->machine(); }

  // The connection (connection.cc).
  void read_connection();
  void leave_silent_path();
  void dial_if_alone();
  void accept_one();
  void meet_if_any();
  [[nodiscard]] bool answer(Met& met);
  [[nodiscard]] std::string mismatch(const wire::Hello& theirs) const;
  void join(Met met);
  void close_link(const std::string& why,
                  standby::RoleMachine::EndedBy who = standby::RoleMachine::EndedBy::peer);
  void refused(const std::string& why);
  void refuse_connection(Channel& channel, const std::string& why);
  [[nodiscard]] Status open_channels();

  // PairEvents.
  void said(Severity severity, const std::string& text) override;
  void sync_progress(std::uint64_t left_bytes) override;
  void says(const wire::Heartbeat& content) override;
  void hang_up(const std::string& why) override;

  // Requests of other threads (requests.cc).
  template <class T>
  [[nodiscard]] std::future<T> post(std::function<void(std::promise<T>)> act);
  void run_requests();
  void checkpoint_for(std::promise<Result<std::uint64_t>> waiter);
  void answer_checkpoint_waiters(const Result<std::uint64_t>& answer);
  void begin_switchover(bool force, std::promise<Result<ArbiterRecord>> waiter);
  void watch_switchover();
  void end_operator_quiesce(const char* why);
  void serve_config_changes();
  void refuse_config_changes(const Error& why);
  [[nodiscard]] std::string peer_config() const;
  [[nodiscard]] std::string cannot_fail_over_because() const;
  void forget_operator_quiesce();

  Parts parts_;
  PlaneForwarding forwarding_;
  standby::Lease lease_;
  std::unique_ptr<trackers::DirtyTracker> tracker_;
  std::unique_ptr<standby::ReservedBuffer> reserved_;
  std::unique_ptr<Arbiter> arbiter_;  // null: none
  std::unique_ptr<standby::PairNode> pair_;
  std::unique_ptr<ChannelMaker> channels_;
  std::unique_ptr<Paths> paths_;
  std::unique_ptr<HealthWatch> health_;  // null: a lone node
  std::unique_ptr<Handshakes> handshakes_;
  std::unique_ptr<Link> link_;

  standby::Role said_role_ = standby::Role::starting;
  std::string said_reason_;
  std::string peer_;
  std::uint64_t refused_ = 0;
  std::string last_refusal_;
  SyncMeter sync_meter_;
  Instant published_{};
  Instant headroom_seen_{};
  Nanos longest_blackout_{};  // since then
  std::string pause_warning_;
  RepeatFilter pauses_said_;
  RepeatFilter unmarked_said_;
  RepeatFilter refusals_said_;
  Nanos dial_pause_{};      // grows while the peer refuses or is refused
  std::optional<Met> met_;  // through the handshake, but no heartbeat of the peer was heard yet
  Instant met_at_{};
  std::uint64_t peer_process_ = 0;  // its incarnation, by the newest heartbeat
  Instant peer_led_at_{};           // when a heartbeat last said that the peer leads
  std::uint16_t peer_penalty_ = 0;  // by its newest heartbeat
  bool peer_says_mute_ = false;     // that this node does not answer on its data ports any more; likewise
  wire::Heartbeat said_{};          // what the pair's heartbeats say, but for this node's health
  std::string health_said_;
  RepeatFilter stuck_said_;
  std::optional<Instant> worse_off_since_;  // as one that leads, than its standby
  Instant next_hand_over_{};
  Instant next_dial_{};
  std::optional<Instant> operator_quiesce_until_;
  standby::LeadHold lead_hold_;
  std::string last_leader_;
  std::optional<std::promise<Result<ArbiterRecord>>> switchover_waiter_;
  Instant switchover_until_{};  // none: there is none under way, or the node stops by it
  bool leaving_ = false;        // meets nobody any more
  struct ConfigChange {
    standby::ConfigBytes delta;
    std::promise<Result<std::uint64_t>> waiter;
    bool begun = false;
  };
  std::deque<ConfigChange> config_changes_;  // the first is under way

  mutable std::mutex mutex_;
  NodeView view_;                                                        // under mutex_
  engine::Policy policy_;                                                // under mutex_
  std::vector<std::function<void()>> requests_;                          // under mutex_
  std::vector<std::promise<Result<std::uint64_t>>> checkpoint_waiters_;  // replication thread
  UniqueFd request_fd_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> publications_{
      0};  // writer: replication thread; relaxed: a sign of life, no more
  std::atomic<std::uint64_t> unmarked_writes_{0};  // writer: replication thread
  OwnFiles files_;                                 // of the thread: the listening sockets and the connections
  std::thread thread_;
};

}  // namespace stillwater::appliance
