#include "dataplane/control/route_set.h"

#include <algorithm>
#include <string>

#include "dataplane/control/prefix_table.h"
#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

using Index = AdjacencyGroups::Index;

// A firewall's routes stay as they are configured.
std::uint32_t routes_max(const Config& config, bool v4) {
  if (config.function == Function::router) return v4 ? config.routes4_max : config.routes6_max;
  return v4 ? static_cast<std::uint32_t>(config.routes.size()) : 0;
}

std::uint32_t prefixes_max(const Config& config, const Links& links, bool v4) {
  const auto& prefixes = links.prefixes();
  const auto own = std::count_if(prefixes.begin(), prefixes.end(),
                                 [&](const auto& link) { return link.first.is_v4() == v4; });
  return routes_max(config, v4) + static_cast<std::uint32_t>(own);
}

// Of IPv4 one a prefix is the most that can be needed. An IPv6 prefix can need as many as 13, but those of
// networks lie close together, and one a route is room enough; addresses of our own may lie anywhere.
std::uint32_t tbl8_max(const Config& config, const Links& links, bool v4) {
  const std::uint32_t prefixes = prefixes_max(config, links, v4);
  if (v4) return std::min(prefixes, Ipv4Family::kTbl8Max);
  return std::min(prefixes + 13 * (prefixes - routes_max(config, v4)) + 1024, Ipv6Family::kTbl8Max);
}

std::string to_text_of(const RouteConfig& route) { return "route " + to_text(route.to); }

}  // namespace

RouteSet::RouteSet(const Config& config, Links links)
    : links_(std::move(links)),
      has_ipv6_(config.function == Function::router),
      ipv4_{"IPv4", "ipv4_routes", routes_max(config, true), prefixes_max(config, links_, true),
            Tbl8Count(tbl8_max(config, links_, true))},
      ipv6_{"IPv6", "ipv6_routes", routes_max(config, false), prefixes_max(config, links_, false),
            Tbl8Count(tbl8_max(config, links_, false))} {
  entries_.reserve(ipv4_.prefixes_max + ipv6_.prefixes_max);
  for (const auto& [prefix, adjacency] : links_.prefixes()) {
    entries_[prefix].link = *groups_.take({adjacency});
    [[maybe_unused]] const bool fits = family(prefix).tbl8.add(prefix);
  }
}

Status RouteSet::check(const IpPrefix& to) const {
  const std::string name = "route " + to_text(to);
  if (to.length > (to.is_v4() ? 32 : 128) || to.network() != to)
    return fail(Errc::invalid_argument, name + " has bits past its length; expected a network");
  if (!to.is_v4() && !has_ipv6_)
    return fail(Errc::invalid_argument, name + " is of IPv6; expected dataplane.function: router");
  return {};
}

Result<Index> RouteSet::group_of(const RouteConfig& route) {
  std::vector<Adjacency> members;
  if (route.kind == RouteKind::blackhole) members.push_back({Adjacency::Kind::blackhole, 0, {}});
  if (route.kind == RouteKind::reject) members.push_back({Adjacency::Kind::reject, 0, {}});
  for (const NextHop& next_hop : route.via) {
    if (route.kind != RouteKind::forward) break;
    if (next_hop.via.is_v4() != route.to.is_v4())
      return fail(Errc::invalid_argument,
                  to_text_of(route) + ": next hop " + to_text(next_hop.via) + " is of the other family");
    auto resolved = links_.resolve(next_hop);
    if (!resolved) return fail(resolved.error().code, to_text_of(route) + ": " + resolved.error().message);
    members.push_back(*resolved);
  }
  if (members.empty()) return fail(Errc::invalid_argument, to_text_of(route) + " has no next hop");
  if (const auto group = groups_.take(std::move(members))) return *group;
  return fail(Errc::resource_exhausted, to_text_of(route) + ": there are " +
                                            std::to_string(AdjacencyGroups::kGroupsMax - 1) +
                                            " different sets of next hops already, which is the most");
}

// The group's reference becomes the entry's, unless this fails.
Status RouteSet::place(const IpPrefix& to, Index route) {
  Family& own = family(to);
  const auto entry = entries_.find(to);
  if (entry != entries_.end() && entry->second.route != AdjacencyGroups::kNone) {
    entry->second.route = route;
    return {};
  }
  if (own.routes == own.routes_max)
    return fail(Errc::resource_exhausted, "route " + to_text(to) + ": the FIB has " +
                                              std::to_string(own.routes) + " " + own.name +
                                              " routes already; enlarge " + own.key + " of dataplane");
  if (entry == entries_.end() && !own.tbl8.add(to))
    return fail(Errc::resource_exhausted, "route " + to_text(to) + ": the " + own.name +
                                              " FIB has no table left for prefixes beyond 24 bits, of " +
                                              std::to_string(own.tbl8.max()) + "; enlarge " + own.key +
                                              " of dataplane");
  ++own.routes;
  entries_[to].route = route;
  return {};
}

void RouteSet::displace(const IpPrefix& to) {
  Family& own = family(to);
  const auto entry = entries_.find(to);
  entry->second.route = AdjacencyGroups::kNone;
  --own.routes;
  if (entry->second.link != AdjacencyGroups::kNone) return;
  entries_.erase(entry);
  own.tbl8.remove(to);
}

Result<RouteStep> RouteSet::change(const RouteChange& change) {
  const IpPrefix& to = change.route.to;
  if (auto valid = check(to); !valid) return tl::unexpected(valid.error());
  const auto entry = entries_.find(to);
  const Entry now = entry == entries_.end() ? Entry{} : entry->second;
  RouteStep step{to, now.route, AdjacencyGroups::kNone, now.link != AdjacencyGroups::kNone};
  if (change.kind == RouteChange::Kind::remove) {
    if (now.route == AdjacencyGroups::kNone)
      return fail(Errc::failed_precondition, to_text_of(change.route) + " is not there to be removed");
    displace(to);
    return step;
  }
  const auto group = group_of(change.route);
  if (!group) return tl::unexpected(group.error());
  if (auto placed = place(to, *group); !placed) {
    groups_.give_back(*group);
    return tl::unexpected(placed.error());
  }
  step.after = *group;
  return step;
}

std::optional<IpPrefix> RouteSet::longest_match(const IpAddress& address) const {
  for (int length = address.is_v4() ? 32 : 128; length >= 0; --length) {
    const IpPrefix prefix = IpPrefix{address, static_cast<std::uint8_t>(length)}.network();
    if (entries_.contains(prefix)) return prefix;
  }
  return std::nullopt;
}

void RouteSet::revert(const RouteStep& step) {
  if (step.before == AdjacencyGroups::kNone) return displace(step.prefix);
  [[maybe_unused]] const Status fits = place(step.prefix, step.before);  // as it did before
}

}  // namespace stillwater::dataplane
