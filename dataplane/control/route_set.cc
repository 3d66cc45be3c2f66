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
  const auto of_family = [&](const RouteConfig& route) { return route.to.is_v4() == v4; };
  return static_cast<std::uint32_t>(std::count_if(config.routes.begin(), config.routes.end(), of_family));
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

std::string name_of(const IpPrefix& to) { return "route " + to_text(to); }

tl::unexpected<Error> no_group_left(const IpPrefix& to) {
  return fail(Errc::resource_exhausted, name_of(to) + ": there are " +
                                            std::to_string(AdjacencyGroups::kGroupsMax - 1) +
                                            " different sets of next hops already, which is the most");
}

}  // namespace

RouteSet::RouteSet(const Config& config, Links links)
    : links_(std::move(links)),
      has_ipv6_(serves_ipv6(config)),
      changes_(config.function == Function::router),
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
  if (to.length > (to.is_v4() ? 32 : 128) || to.network() != to)
    return fail(Errc::invalid_argument, name_of(to) + " has bits past its length; expected a network");
  if (!to.is_v4() && !has_ipv6_)
    return fail(Errc::invalid_argument, name_of(to) +
                                            " is of IPv6; expected dataplane.function: router, or a firewall "
                                            "whose ports have IPv6 addresses");
  return {};
}

Status RouteSet::check_tracking(const RouteConfig& route) const {
  if (!route.track) return {};
  if (!changes_)
    return fail(Errc::invalid_argument, name_of(route.to) +
                                            " is tracked, and a firewall's routes do not change; expected "
                                            "dataplane.function: router, or no tracking");
  if (route.kind != RouteKind::forward)
    return fail(Errc::invalid_argument,
                name_of(route.to) + " is tracked and has no next hop; expected no tracking of it");
  return {};
}

Result<std::vector<Adjacency>> RouteSet::members_of(const RouteConfig& route) const {
  std::vector<Adjacency> members;
  if (route.kind == RouteKind::blackhole) members.push_back({Adjacency::Kind::blackhole, 0, {}});
  if (route.kind == RouteKind::reject) members.push_back({Adjacency::Kind::reject, 0, {}});
  for (const NextHop& next_hop : route.via) {
    if (route.kind != RouteKind::forward) break;
    if (next_hop.via.is_v4() != route.to.is_v4())
      return fail(Errc::invalid_argument,
                  name_of(route.to) + ": next hop " + to_text(next_hop.via) + " is of the other family");
    auto resolved = links_.resolve(next_hop);
    if (!resolved) return fail(resolved.error().code, name_of(route.to) + ": " + resolved.error().message);
    members.push_back(*resolved);
  }
  if (members.empty()) return fail(Errc::invalid_argument, name_of(route.to) + " has no next hop");
  return members;
}

std::vector<Adjacency> RouteSet::live_members(Index configured) const {
  std::vector<Adjacency> live = groups_.members(configured);
  std::erase_if(live, [&](const Adjacency& member) {
    const auto known = tracked_.find(member);
    return known != tracked_.end() && !known->second.alive;
  });
  return live;
}

Status RouteSet::find_way(const IpPrefix& to, RouteState& state) {
  std::vector<Adjacency> live = live_members(state.configured);
  state.live = AdjacencyGroups::kNone;
  if (live.empty()) return {};
  const auto group = groups_.take(std::move(live));
  if (!group) return no_group_left(to);
  state.live = *group;
  return {};
}

Result<RouteState> RouteSet::state_of(const RouteConfig& route) {
  if (Status valid = check_tracking(route); !valid) return tl::unexpected(valid.error());
  auto members = members_of(route);
  if (!members) return tl::unexpected(members.error());
  const auto configured = groups_.take(std::move(*members));
  if (!configured) return no_group_left(route.to);
  RouteState state{*configured, *configured, route.track};
  if (!route.track) return state;
  if (Status found = find_way(route.to, state); !found) {
    groups_.give_back(*configured);
    return tl::unexpected(found.error());
  }
  return state;
}

void RouteSet::give_back(const RouteState& state) {
  if (state.is_none()) return;
  groups_.give_back(state.configured);
  if (state.tracked && state.live != AdjacencyGroups::kNone) groups_.give_back(state.live);
}

void RouteSet::count(const RouteState& route, int by) {
  if (!route.tracked) return;
  for (const Adjacency& member : groups_.members(route.configured)) {
    TrackedHop& hop = tracked_[member];
    const bool had_routes = hop.routes != 0;
    hop.routes += by;
    if (route.live == AdjacencyGroups::kNone) hop.withdrawn += by;
    if (had_routes != (hop.routes != 0)) tracked_in_use_ += by;
  }
}

void RouteSet::set(Entry& entry, const RouteState& route) {
  count(entry.route, -1);
  entry.route = route;
  count(entry.route, 1);
}

// The state's references become the entry's, unless this fails.
Status RouteSet::place(const IpPrefix& to, const RouteState& route) {
  Family& own = family(to);
  const auto entry = entries_.find(to);
  if (entry != entries_.end() && !entry->second.route.is_none()) {
    set(entry->second, route);
    return {};
  }
  if (own.routes == own.routes_max)
    return fail(Errc::resource_exhausted, name_of(to) + ": the FIB has " + std::to_string(own.routes) + " " +
                                              own.name + " routes already; enlarge " + own.key +
                                              " of dataplane");
  if (entry == entries_.end() && !own.tbl8.add(to))
    return fail(Errc::resource_exhausted, name_of(to) + ": the " + own.name +
                                              " FIB has no table left for prefixes beyond 24 bits, of " +
                                              std::to_string(own.tbl8.max()) + "; enlarge " + own.key +
                                              " of dataplane");
  ++own.routes;
  set(entries_[to], route);
  return {};
}

void RouteSet::displace(const IpPrefix& to) {
  Family& own = family(to);
  const auto entry = entries_.find(to);
  set(entry->second, {});
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
  RouteStep step{to, now.route, {}, now.link != AdjacencyGroups::kNone};
  if (change.kind == RouteChange::Kind::remove) {
    if (now.route.is_none())
      return fail(Errc::failed_precondition, name_of(to) + " is not there to be removed");
    displace(to);
    return step;
  }
  const auto state = state_of(change.route);
  if (!state) return tl::unexpected(state.error());
  step.after = *state;
  Status placed = place(to, *state);
  if (placed && tracked_in_use_ > kTrackedNextHopsMax) {
    revert(step);
    placed = fail(Errc::resource_exhausted, name_of(to) + ": tracked routes would have more than " +
                                                std::to_string(kTrackedNextHopsMax) +
                                                " different next hops, which is the most");
  }
  if (placed) return step;
  give_back(*state);
  return tl::unexpected(placed.error());
}

std::optional<IpPrefix> RouteSet::longest_match(const IpAddress& address) const {
  for (int length = address.is_v4() ? 32 : 128; length >= 0; --length) {
    const IpPrefix prefix = IpPrefix{address, static_cast<std::uint8_t>(length)}.network();
    const auto entry = entries_.find(prefix);
    if (entry == entries_.end()) continue;
    const bool is_withdrawn =
        entry->second.link == AdjacencyGroups::kNone && entry->second.route.live == AdjacencyGroups::kNone;
    if (!is_withdrawn) return prefix;
  }
  return std::nullopt;
}

void RouteSet::revert(const RouteStep& step) {
  if (step.before.is_none()) return displace(step.prefix);
  [[maybe_unused]] const Status fits = place(step.prefix, step.before);  // as it did before
}

void RouteSet::set_alive(const Adjacency& next_hop, bool alive) {
  if (const auto known = tracked_.find(next_hop); known != tracked_.end()) known->second.alive = alive;
}

Result<std::vector<RouteStep>> RouteSet::follow_liveness() {
  std::vector<RouteStep> steps;
  for (auto& [to, entry] : entries_) {
    const RouteState before = entry.route;
    if (!before.tracked) continue;
    RouteState after = before;
    if (Status found = find_way(to, after); !found) {
      for (const RouteStep& step : steps) {
        revert(step);
        give_back(step.after);
      }
      return tl::unexpected(found.error());
    }
    groups_.take_again(after.configured);
    if (after == before) {
      give_back(after);
      continue;
    }
    set(entry, after);
    steps.push_back({to, before, after, entry.link != AdjacencyGroups::kNone});
  }
  return steps;
}

void RouteSet::forget_untracked() {
  std::erase_if(tracked_, [](const auto& hop) { return hop.second.routes == 0; });
}

}  // namespace stillwater::dataplane
