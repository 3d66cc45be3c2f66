// A firewall with its table full, its standby in another process, and the daemon's checkpoint loop: all that
// the output commit costs, in one of its modes.
#pragma once

#include <memory>
#include <vector>

#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/trackers/barrier_tracker.h"
#include "dataplane/dataplane.h"
#include "tests/bench/replication_peer.h"
#include "tests/bench/timed_load.h"

namespace stillwater::bench {

// Each in its own process and region: made before DPDK, which starts threads.
class StandbyProcess {
 public:
  explicit StandbyProcess(const dataplane::Config& config);

  [[nodiscard]] Connection& connection() { return peer_->connection(); }
  [[nodiscard]] const region::Layout& layout() const { return *layout_; }

 private:
  std::unique_ptr<region::Layout> layout_;
  std::unique_ptr<Peer> peer_;
};

// What a window brought.
struct WindowFigures {
  double forwarded_mpps = 0;
  Latencies latencies;
  std::vector<double> blackout_us, commit_us, lines;  // of each checkpoint
};

class CommittedFirewall {
 public:
  static constexpr std::uint32_t kSessions = 1'000'000;

  // The worker stands still but in windows. Both arguments are used while this lives.
  CommittedFirewall(const dataplane::Config& config, StandbyProcess& standby);
  ~CommittedFirewall();

  // Runs the load for a while, without what it takes to settle; with checkpoints, as the policy decides, or
  // without. `established_per_s` of both sides together; 0: as many as the worker takes.
  [[nodiscard]] WindowFigures window(double established_per_s, double new_per_s, bool checkpoints);

  // A firewall on the null ports `first_port` and the next one.
  [[nodiscard]] static dataplane::Config config(dataplane::OutputCommit mode, unsigned first_port);

 private:
  void drive(Instant until, bool checkpoints, WindowFigures* figures);
  void wait_for_event(Instant at) const;
  void acknowledge();
  [[nodiscard]] std::uint64_t forwarded() const;
  void stand_still();

  dataplane::Config config_;
  wire::Transport& transport_;
  Connection& connection_;
  BootClock clock_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  LoadShape shape_;
  Latencies latencies_;
  std::unique_ptr<region::Region> region_;
  TimedLoad inside_{TimedLoad::Side::inside, kSessions, shape_, latencies_};
  TimedLoad outside_{TimedLoad::Side::outside, kSessions, shape_, latencies_};
  std::unique_ptr<dataplane::Dataplane> plane_;
  std::unique_ptr<trackers::BarrierTracker> tracker_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace stillwater::bench
