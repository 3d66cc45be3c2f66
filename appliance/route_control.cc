// What the management plane asks of routes.
#include <algorithm>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "appliance/config/scalars.h"
#include "appliance/control.h"
#include "appliance/running/route_document.h"

namespace stillwater::appliance {
namespace {

using dataplane::RouteChange;
using dataplane::RouteConfig;
using dataplane::RouteKind;

constexpr Nanos kBuiltPatience = 4500ms;  // mgmt::Control promises five seconds

const char* name_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::forward:
      return "forward";
    case RouteKind::blackhole:
      return "blackhole";
    case RouteKind::reject:
      return "reject";
  }
  return "unknown";
}

mgmt::RouteInfo info_of(const RouteConfig& route, const char* source) {
  mgmt::RouteInfo info{.to = to_text(route.to), .kind = name_of(route.kind), .source = source};
  for (const dataplane::NextHop& hop : route.via) info.via.push_back({to_text(hop.via), hop.port});
  info.track = route.track;
  return info;
}

mgmt::RouteInfo link_info(const IpPrefix& address, const std::string& port) {
  return {.to = to_text(address.network()), .kind = "link", .source = "link", .port = port};
}

std::vector<mgmt::RouteInfo> links_of(const dataplane::Config& config) {
  std::vector<mgmt::RouteInfo> links;
  for (const dataplane::PortConfig& port : config.ports) {
    for (const dataplane::Ipv4Prefix& own : port.addresses)
      links.push_back(link_info({IpAddress::v4(htonl(own.address)), own.length}, port.name));
    for (const IpPrefix& own : port.addresses6) links.push_back(link_info(own, port.name));
  }
  return links;
}

tl::unexpected<Error> wrong(const mgmt::RouteChange& change, const std::string& why) {
  return fail(Errc::invalid_argument, "route " + change.route.to + ": " + why);
}

Result<RouteKind> kind_of(const mgmt::RouteChange& change) {
  for (const RouteKind kind : {RouteKind::forward, RouteKind::blackhole, RouteKind::reject})
    if (change.route.kind == name_of(kind)) return kind;
  return wrong(change, "kind '" + change.route.kind + "' is none of forward, blackhole and reject");
}

Status read_next_hops(const mgmt::RouteChange& change, RouteConfig& route) {
  const auto& via = change.route.via;
  route.track = change.route.track;
  if (route.track && route.kind != RouteKind::forward)
    return wrong(change, "only a route of kind forward has next hops to track");
  if ((route.kind == RouteKind::forward) == via.empty())
    return wrong(change, "a route of kind forward has next hops, any other has none");
  if (via.size() > kNextHopsMax)
    return wrong(change,
                 std::to_string(via.size()) + " next hops; expected at most " + std::to_string(kNextHopsMax));
  for (const mgmt::NextHop& said : via) {
    const auto address = parse_ip(said.address);
    if (!address) return wrong(change, "next hop: " + address.error());
    dataplane::NextHop hop{*address, said.port};
    if (std::ranges::find(route.via, hop) != route.via.end())
      return wrong(change, "next hop " + said.address + " is repeated");
    if (hop.port.empty() == hop.via.is_link_local())
      return wrong(change, "a next hop has a port beside it if it is link-local, and only then");
    route.via.push_back(std::move(hop));
  }
  return {};
}

Result<RouteChange> change_of(const mgmt::RouteChange& said) {
  RouteChange change{.kind = said.removes ? RouteChange::Kind::remove : RouteChange::Kind::put};
  const auto to = parse_ip_network(said.route.to);
  if (!to) return fail(Errc::invalid_argument, "a route's destination: " + to.error());
  change.route.to = *to;
  if (said.removes) return change;
  const auto kind = kind_of(said);
  if (!kind) return tl::unexpected(kind.error());
  change.route.kind = *kind;
  return read_next_hops(said, change.route).map([&] { return change; });
}

}  // namespace

mgmt::RoutesStatus NodeControl::routes_status(const NodeView& view) const {
  const dataplane::RouteCounts counts = dataplane_.route_counts();
  mgmt::RoutesStatus status{.ipv4 = counts.ipv4,
                            .ipv6 = counts.ipv6,
                            .from_api = running_.routes(),
                            .generation = view.config_generation,
                            .peer = view.peer_config};
  for (const dataplane::TrackedNextHop& hop : dataplane_.tracked_next_hops())
    status.tracked.push_back({.address = to_text(hop.address),
                              .port = hop.port,
                              .alive = hop.alive,
                              .since_s = std::chrono::duration<double>(clock_.now() - hop.since).count(),
                              .routes = hop.routes,
                              .withdrawn = hop.withdrawn});
  return status;
}

Status NodeControl::routes(const std::string& source, std::uint64_t limit,
                           const std::function<void(const mgmt::RouteInfo&)>& sink) {
  static const std::set<std::string> kSources = {"", "link", "file", "api"};
  if (!kSources.contains(source))
    return fail(Errc::invalid_argument, "'" + source + "' is none of link, file and api");
  const auto wanted = [&](const char* which) { return limit > 0 && (source.empty() || source == which); };
  const auto tell = [&](const mgmt::RouteInfo& info) {
    if (limit == 0) return;
    --limit;
    sink(info);
  };
  if (wanted("link"))
    for (const mgmt::RouteInfo& link : links_of(config_.dataplane)) tell(link);
  if (wanted("file"))
    for (const RouteConfig& route : config_.dataplane.routes) tell(info_of(route, "file"));
  if (wanted("api"))
    running_.for_each_route(limit, [&](const RouteConfig& route) { tell(info_of(route, "api")); });
  return {};
}

Result<std::uint64_t> NodeControl::change_routes(const std::vector<mgmt::RouteChange>& changes) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  std::vector<RouteChange> wanted;
  wanted.reserve(changes.size());
  for (const mgmt::RouteChange& said : changes) {
    auto change = change_of(said);
    if (!change) return tl::unexpected(change.error());
    wanted.push_back(std::move(*change));
  }
  if (Status may = running_.check(wanted); !may) return tl::unexpected(may.error());
  if (Status may = dataplane_.check_routes(wanted); !may) return tl::unexpected(may.error());
  auto built = node_.request_config_change(to_document(wanted));
  if (built.wait_for(kBuiltPatience) == std::future_status::ready) return built.get();
  return fail(Errc::timed_out,
              "the routes are not built within 4.5 s, and may be yet: status says which generation the nodes "
              "have");
}

}  // namespace stillwater::appliance
