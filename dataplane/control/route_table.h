// Routes that change while workers forward by them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/control/fib_copy.h"
#include "dataplane/control/route_set.h"
#include "dataplane/datapath/tables/fib.h"

namespace stillwater::dataplane {

// A next hop as it was found.
struct NextHopState {
  Adjacency next_hop;
  bool alive;
};

// Two copies of the FIB, for DPDK's must not be read while it is written: a table that is given back and
// taken for another prefix would lead a reader astray. A batch goes into the copy that nobody reads, which is
// then published; when every reader has passed a turn boundary the other one follows.
//
// On a core of a Xeon of 2023 shared with other load, in ordinary memory, by CPU time: with 1,000,000 IPv4
// routes and 200,000 of IPv6 there, in batches of 4,000, 115,000 changes of IPv4 a second and 54,000 of IPv6
// (150,000 and 61,000 in hugepages); to fill it takes 5 s and 4 s. A default route takes 0.1 s in each copy:
// DPDK walks all that it covers. That takes 1,550 MiB of DPDK's memory and 160 MiB besides, and with the
// default numbers of routes 250 MiB: for each copy 32 MiB (IPv6: 32, beyond 30,000 routes 64), 0.5 KiB (IPv6:
// 0.5, then 1) a tbl8 and 416 bytes a route, most of which DPDK spends on keeping the nodes of its tree
// apart.
//
// One control thread at a time; a firewall's routes do not change, so it has one copy, and none of IPv6.
class RouteTable {
 public:
  // Returns when every worker has passed a turn boundary since the call, or holds nothing and will read the
  // published FIB anew. An error: some worker has not.
  using WaitForReaders = std::function<Status()>;

  // With the routes of the configuration. Errors: invalid_argument (a route's next hop is on no link, source
  // NAT through a port that is not there), resource_exhausted, naming what to enlarge.
  [[nodiscard]] static Result<std::unique_ptr<RouteTable>> create(const Config& config, WaitForReaders wait);

  // All of them, in this order, or none: on an error readers go by the routes of before, and both copies are
  // as before or will be when the next call begins. Errors, naming the route: those of RouteSet::change.
  // Besides: what waiting failed with (for an instant some readers went by the new routes),
  // failed_precondition (a firewall).
  [[nodiscard]] Status apply(std::span<const RouteChange> changes);
  // Each of them has become what is said of it, and was the other: tracked routes go by those of their next
  // hops that are alive. All of it or nothing, as in apply, whose errors it has but for those of
  // RouteSet::change. Takes as long as to apply what changes, and a walk over all routes.
  [[nodiscard]] Status set_alive(std::span<const NextHopState> states);
  // The next hops of tracked routes.
  [[nodiscard]] const TrackedHops& tracked() const { return routes_.tracked(); }

  // What `apply` would refuse before it touches a FIB; nothing changes.
  [[nodiscard]] Status check(std::span<const RouteChange> changes);

  [[nodiscard]] const PublishedFib& published() const { return published_; }
  // Batches that were applied, and changes of next hops that moved a route. Any thread.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t routes4() const { return routes_.routes4(); }
  [[nodiscard]] std::uint32_t routes6() const { return routes_.routes6(); }
  [[nodiscard]] std::size_t groups_in_use() const { return routes_.groups().in_use(); }

  // The prefix by which readers treat the address; none: nothing covers it. No other call meanwhile.
  [[nodiscard]] std::optional<IpPrefix> longest_match(const IpAddress& address) const {
    return routes_.longest_match(address);
  }

  // Of DPDK's memory, for all copies, about.
  [[nodiscard]] std::uint64_t bytes() const { return copies_.size() * FibCopy::bytes(routes_); }

 private:
  RouteTable(const Config& config, Links links, WaitForReaders wait);
  [[nodiscard]] Status can_change() const;
  [[nodiscard]] FibCopy& spare() { return copies_[1 - current_]; }
  [[nodiscard]] Result<std::vector<RouteStep>> plan(std::span<const RouteChange> changes);
  void merge(std::vector<RouteStep>& steps);
  [[nodiscard]] Status carry_out(std::vector<RouteStep> steps);
  void revert(std::span<const RouteStep> steps);
  // The same, and no FIB has them.
  void take_back(std::span<const RouteStep> steps);
  [[nodiscard]] Status settle_spare();
  void publish(std::size_t copy);
  void give_back(std::span<const RouteStep> steps, RouteState RouteStep::*which);

  RouteSet routes_;
  std::vector<FibCopy> copies_;
  WaitForReaders wait_;
  std::size_t current_ = 0;
  // The spare is ahead by these, and somebody may still read it.
  std::vector<RouteStep> withdrawn_;
  bool spare_is_whole_ = true;  // else it has to be filled anew
  PublishedFib published_{nullptr};
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace stillwater::dataplane
