// The routes as they are configured, and what lies beneath and above them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/control/address_hash.h"
#include "dataplane/control/adjacency_groups.h"
#include "dataplane/control/links.h"
#include "dataplane/control/tbl8_count.h"

namespace stillwater::dataplane {

struct RouteChange {
  enum class Kind : std::uint8_t { put, remove };  // put: add, or replace the route to the same prefix
  Kind kind = Kind::put;
  RouteConfig route{};  // of `remove` only `to` counts
};

// The route to a prefix, by groups of next hops.
struct RouteState {
  AdjacencyGroups::Index configured = AdjacencyGroups::kNone;  // none: there is no route
  AdjacencyGroups::Index live = AdjacencyGroups::kNone;        // what the FIB has; none: it is withdrawn
  bool tracked = false;                                        // else both are the same

  [[nodiscard]] bool is_none() const { return configured == AdjacencyGroups::kNone; }
  friend bool operator==(const RouteState&, const RouteState&) = default;
};

// What became of a prefix.
struct RouteStep {
  IpPrefix prefix;
  RouteState before;
  RouteState after;
  bool hidden;  // an address or subnet of ours has that very prefix: the FIB does not change

  [[nodiscard]] bool changes_fib() const { return !hidden && before.live != after.live; }
};

// A next hop of tracked routes.
struct TrackedHop {
  std::uint32_t routes = 0;     // tracked ones that name it
  std::uint32_t withdrawn = 0;  // of them, those of which no next hop is alive
  bool alive = true;
};
using TrackedHops = std::map<Adjacency, TrackedHop>;

// For a prefix that several claim: local > broadcast > connected > route.
// A tracked route goes by those of its next hops that are alive. It keeps its room while it is withdrawn, so
// that nothing but group numbers can be missing when it comes back.
//
// One control thread. Group references: those of a state for each entry, and for `before` of each step, which
// whoever has the step gives back; after `revert` that is `after` instead.
class RouteSet {
 public:
  using Index = AdjacencyGroups::Index;

  RouteSet(const Config& config, Links links);

  // Errors, which change nothing and name the route: invalid_argument (a next hop, a prefix, tracking of what
  // has no next hop or of a firewall's route), failed_precondition (a route to be removed that is not there),
  // resource_exhausted.
  [[nodiscard]] Result<RouteStep> change(const RouteChange& change);
  // The newest step first.
  void revert(const RouteStep& step);

  // A next hop that no tracked route names is alive, whatever is said of it.
  void set_alive(const Adjacency& next_hop, bool alive);
  // After that: one step for each route that goes another way now, none twice. Errors, which change no route:
  // resource_exhausted, naming the route.
  [[nodiscard]] Result<std::vector<RouteStep>> follow_liveness();
  // Some may have no routes any more, until forget_untracked: what is known of them outlasts a batch that
  // removes a route and puts it back, or is reverted.
  [[nodiscard]] const TrackedHops& tracked() const { return tracked_; }
  void forget_untracked();

  // Takes the references of a state.
  void give_back(const RouteState& state);

  [[nodiscard]] AdjacencyGroups& groups() { return groups_; }
  [[nodiscard]] const AdjacencyGroups& groups() const { return groups_; }
  [[nodiscard]] bool has_ipv6() const { return has_ipv6_; }
  [[nodiscard]] std::uint32_t routes4() const { return ipv4_.routes; }
  [[nodiscard]] std::uint32_t routes6() const { return ipv6_.routes; }
  // Prefixes and tables that the FIBs have to take.
  [[nodiscard]] std::uint32_t prefixes4_max() const { return ipv4_.prefixes_max; }
  [[nodiscard]] std::uint32_t prefixes6_max() const { return ipv6_.prefixes_max; }
  [[nodiscard]] std::uint32_t tbl8_max4() const { return ipv4_.tbl8.max(); }
  [[nodiscard]] std::uint32_t tbl8_max6() const { return ipv6_.tbl8.max(); }

  // That decides about the address; none: nothing covers it.
  [[nodiscard]] std::optional<IpPrefix> longest_match(const IpAddress& address) const;

  // `sink(prefix, group)` of all that the FIB holds, until it says false. Whether it never did.
  template <class Sink>
  [[nodiscard]] bool for_each(Sink sink) const {
    for (const auto& [prefix, entry] : entries_) {
      const Index group = entry.link != AdjacencyGroups::kNone ? entry.link : entry.route.live;
      if (group != AdjacencyGroups::kNone && !sink(prefix, group)) return false;
    }
    return true;
  }

 private:
  struct Entry {
    Index link = AdjacencyGroups::kNone;
    RouteState route{};
  };
  struct Family {
    const char* name;
    const char* key;  // of the configuration's section `dataplane`
    std::uint32_t routes_max;
    std::uint32_t prefixes_max;
    Tbl8Count tbl8;
    std::uint32_t routes = 0;
  };

  [[nodiscard]] Family& family(const IpPrefix& prefix) { return prefix.is_v4() ? ipv4_ : ipv6_; }
  [[nodiscard]] Status check(const IpPrefix& to) const;
  [[nodiscard]] Status check_tracking(const RouteConfig& route) const;
  [[nodiscard]] Result<std::vector<Adjacency>> members_of(const RouteConfig& route) const;
  [[nodiscard]] Result<RouteState> state_of(const RouteConfig& route);
  [[nodiscard]] std::vector<Adjacency> live_members(Index configured) const;
  // Takes the group of those that are alive.
  [[nodiscard]] Status find_way(const IpPrefix& to, RouteState& state);
  [[nodiscard]] Status place(const IpPrefix& to, const RouteState& route);
  void displace(const IpPrefix& to);
  void set(Entry& entry, const RouteState& route);
  // `by` is 1 or -1.
  void count(const RouteState& route, int by);

  Links links_;
  bool has_ipv6_;
  bool changes_;  // not of a firewall
  AdjacencyGroups groups_;
  Family ipv4_;
  Family ipv6_;
  std::unordered_map<IpPrefix, Entry, PrefixHash> entries_;
  TrackedHops tracked_;
  std::size_t tracked_in_use_ = 0;  // of them, those that have routes
};

}  // namespace stillwater::dataplane
