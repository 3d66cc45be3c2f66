// The routes as they are configured, and what lies beneath and above them.
#pragma once

#include <cstdint>
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

// What became of a prefix, by the groups of its route; kNone: it has none.
struct RouteStep {
  IpPrefix prefix;
  AdjacencyGroups::Index before;
  AdjacencyGroups::Index after;
  bool hidden;  // an address or subnet of ours has that very prefix: the FIB does not change
};

// For a prefix that several claim: local > broadcast > connected > route.
// One control thread. Group references: one an entry, and one for `before` of each step, which whoever has
// the step gives back; after `revert` that is one for `after` instead.
class RouteSet {
 public:
  using Index = AdjacencyGroups::Index;

  RouteSet(const Config& config, Links links);

  // Errors, which change nothing and name the route: invalid_argument (a next hop, a prefix),
  // failed_precondition (a route to be removed that is not there), resource_exhausted.
  [[nodiscard]] Result<RouteStep> change(const RouteChange& change);
  // The newest step first.
  void revert(const RouteStep& step);

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
    for (const auto& [prefix, entry] : entries_)
      if (!sink(prefix, entry.link != AdjacencyGroups::kNone ? entry.link : entry.route)) return false;
    return true;
  }

 private:
  struct Entry {
    Index link = AdjacencyGroups::kNone;
    Index route = AdjacencyGroups::kNone;
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
  [[nodiscard]] Result<Index> group_of(const RouteConfig& route);
  [[nodiscard]] Status check(const IpPrefix& to) const;
  [[nodiscard]] Status place(const IpPrefix& to, Index route);
  void displace(const IpPrefix& to);

  Links links_;
  bool has_ipv6_;
  AdjacencyGroups groups_;
  Family ipv4_;
  Family ipv6_;
  std::unordered_map<IpPrefix, Entry, PrefixHash> entries_;
};

}  // namespace stillwater::dataplane
