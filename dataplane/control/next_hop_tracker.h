// Next hops of tracked routes: which of them are there, and what that makes of the routes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/control/route_table.h"
#include "dataplane/datapath/tables/watched_next_hops.h"

namespace stillwater::dataplane {

// A next hop of tracked routes, for status and log.
struct TrackedNextHop {
  IpAddress address;
  std::string port;  // by name
  bool alive;
  Instant since;            // when it became so, or was tracked first
  std::uint32_t routes;     // tracked ones that name it
  std::uint32_t withdrawn;  // of them, those of which no next hop is alive
};

// Workers ask and count; this compares, and has the routes follow. One control thread at a time, that which
// changes routes; `published` and `list` are for any thread.
class NextHopTracker {
 public:
  // Everything referred to outlives it. `wait`: as of RouteTable.
  NextHopTracker(const Config& config, RouteTable& routes, RouteTable::WaitForReaders wait,
                 const Clock& clock);

  // After routes were changed: the next hops of tracked ones are asked from here on, others no more. One that
  // is new is alive until it has not answered.
  void follow_routes();
  // The routes go by what has been counted. What is new about which next hops. Errors, after which it can be
  // tried again: those of RouteTable::set_alive.
  [[nodiscard]] Result<std::vector<TrackedNextHop>> judge();
  // On a node that does not lead: nobody asks, so nobody is known to be dead.
  void forget_silence();

  [[nodiscard]] const PublishedNextHops& published() const { return published_; }
  // In the order of ports and addresses.
  [[nodiscard]] std::vector<TrackedNextHop> list() const;

 private:
  struct Watched {
    std::shared_ptr<WatchedNextHop> counter;
    Instant since;
  };
  void watch_those_tracked();
  void publish();
  void describe();

  std::vector<std::string> ports_;  // names
  const std::uint32_t attempts_;
  RouteTable& routes_;
  RouteTable::WaitForReaders wait_;
  const Clock& clock_;
  std::map<Adjacency, Watched> watched_;
  std::unique_ptr<const WatchedNextHops> table_;
  std::vector<std::unique_ptr<const WatchedNextHops>> retired_;  // some worker may still read them
  PublishedNextHops published_{nullptr};

  mutable std::mutex mutex_;
  std::vector<TrackedNextHop> list_;  // under mutex_
};

}  // namespace stillwater::dataplane
