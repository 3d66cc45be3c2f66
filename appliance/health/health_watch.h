// Looks after what a node needs to be of use: links, targets, workers that step on; as a standby also whether
// the active still answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "appliance/config/config.h"
#include "appliance/health/reachability.h"
#include "base/clock.h"
#include "dataplane/dataplane.h"
#include "standby/failure_detector.h"
#include "standby/roles/health.h"

namespace stillwater::appliance {

// One thread.
class HealthWatch {
 public:
  // `dataplane` outlives it. Errors: invalid_argument, io.
  [[nodiscard]] static Result<std::unique_ptr<HealthWatch>> open(const Config& config,
                                                                 const dataplane::Dataplane& dataplane);

  // Call in each turn of the thread's loop; looks as often as is worth it. `leader`: the peer, of which this
  // node is the standby; empty: there is none.
  void look(Instant now, const std::string& leader);

  [[nodiscard]] std::uint16_t penalty() const { return penalty_; }
  // How unfit this node is at present, what only recovers not counted; and how much of that are links.
  [[nodiscard]] std::uint16_t ill() const { return health_.ill(); }
  [[nodiscard]] std::uint16_t links_lost() const { return links_lost_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // This leader answered at a port, and does no more, while this node is well. Where it never answered, as
  // far as this node knows, this node is the one that is ill.
  [[nodiscard]] bool leader_is_mute() const { return leader_is_mute_; }
  // "worker 1 has not stepped on for 512 ms"; empty: all step on.
  [[nodiscard]] const std::string& stuck() const { return stuck_; }

 private:
  HealthWatch(const Config& config, const dataplane::Dataplane& dataplane, Reachability targets,
              Reachability services);
  void look_at_links(Instant now);
  void look_at_targets(Instant now);
  void look_at_workers(Instant now);
  void look_at_leader(Instant now, const std::string& leader);

  struct WatchedWorker {
    standby::FailureDetector detector;
    std::uint64_t steps = 0;
  };

  const TrackingConfig tracking_;
  const dataplane::Dataplane& dataplane_;
  standby::Health health_;
  Reachability targets_;
  Reachability services_;  // this node's own addresses, which the leader answers for
  std::string leader_;
  std::vector<WatchedWorker> workers_;
  std::vector<std::pair<std::size_t, std::string>> ports_;  // with a device: place in the configuration, name
  Instant looked_{};
  std::uint16_t links_lost_ = 0;
  std::uint16_t penalty_ = 0;
  std::string text_;
  bool leader_is_mute_ = false;
  std::string stuck_;
};

}  // namespace stillwater::appliance
