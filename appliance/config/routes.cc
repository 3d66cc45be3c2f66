// routes, next_hop_tracking, icmp.
#include <algorithm>
#include <set>
#include <utility>

#include <arpa/inet.h>

#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

using dataplane::NextHop;
using dataplane::PortConfig;
using dataplane::RouteConfig;
using dataplane::RouteKind;

bool is_neighbour_of(const PortConfig& port, const IpAddress& address) {
  if (address.is_v4()) {
    const std::uint32_t number = ntohl(address.v4_be());
    return std::ranges::any_of(port.addresses, [&](const dataplane::Ipv4Prefix& own) {
      return is_host_of(own, number) && own.address != number;
    });
  }
  return std::ranges::any_of(
      port.addresses6, [&](const IpPrefix& own) { return own.contains(address) && own.address != address; });
}

void check_link_local(Section& section, const Value& value, const NextHop& hop, const KnownPorts& known) {
  if (hop.port.empty())
    return section.mistake(value, "next hop " + to_text(hop.via) +
                                      " is link-local, and so on any link; expected 'port' beside it");
  if (known.names_complete && std::ranges::find(known.names, hop.port) == known.names.end())
    section.mistake("port", quoted(hop.port) + " is no port; expected the one whose link has the next hop");
}

void check_next_hop(Section& section, const Value& value, const NextHop& hop, const KnownPorts& known,
                    const std::vector<PortConfig>& ports) {
  if (hop.via.is_link_local()) return check_link_local(section, value, hop, known);
  if (!hop.port.empty())
    section.mistake(
        "port", "port is said of a next hop that its subnet finds; expected none but with a link-local one");
  const bool reachable =
      std::ranges::any_of(ports, [&](const PortConfig& port) { return is_neighbour_of(port, hop.via); });
  if (known.subnets_complete && !reachable)
    section.mistake(
        value, "next hop " + to_text(hop.via) + " is no neighbour; expected another host of a port's subnet");
}

// One, or a list of them.
std::vector<Value> next_hops_of(Section& section) {
  if (!section.is_list("via")) return section.one("via");
  return section.list("via", Section::Empty::refused);
}

// `has_to`: the destination is known, and so is its family.
void read_next_hops(Section& section, RouteConfig& route, bool has_to, const KnownPorts& known,
                    const Config& config) {
  std::string port;
  section.optional("port", port, parse_text);
  if (!section.require("via", "a next hop, a list of them, or 'action: blackhole' or 'reject'")) return;
  for (const Value& value : next_hops_of(section)) {
    NextHop hop;
    if (!section.read(value, "via", hop.via, parse_ip)) continue;
    if (hop.via.is_link_local() || !port.empty()) hop.port = port;
    if (has_to && hop.via.is_v4() != route.to.is_v4())
      section.mistake(value, "next hop " + to_text(hop.via) + " is not of the family of " +
                                 to_text(route.to) + "; expected one that is");
    check_next_hop(section, value, hop, known, config.dataplane.ports);
    if (std::ranges::find(route.via, hop) != route.via.end())
      section.mistake(value, "next hop " + to_text(hop.via) + " is repeated; expected it once");
    route.via.push_back(std::move(hop));
  }
  if (route.via.size() > kNextHopsMax)
    section.mistake("via", "too many next hops; expected at most " + std::to_string(kNextHopsMax));
}

void read_track(Section& section, RouteConfig& route, const Config& config) {
  section.optional("track", route.track, true_or_false());
  if (!route.track) return;
  if (section.has("action"))
    section.mistake("track", "a route with an action has no next hop to track; expected 'track' with 'via'");
  if (config.dataplane.function == dataplane::Function::firewall)
    section.mistake("track",
                    "'function: firewall' does not change its routes; expected no 'track', or a router");
}

// Whether `to` was right; the rest is as far as it was.
bool read_route(Section& section, RouteConfig& route, const KnownPorts& known, const Config& config) {
  const OneOf<RouteKind> action{{{"blackhole", RouteKind::blackhole}, {"reject", RouteKind::reject}}};
  const bool has_to = section.required("to", route.to, parse_ip_network);
  if (has_to && !route.to.is_v4() && known.subnets_complete && !dataplane::serves_ipv6(config.dataplane))
    section.mistake("to",
                    "an IPv6 network, and no port has an IPv6 address; expected one, or an IPv4 network");
  section.optional("action", route.kind, action);
  if (!section.has("action"))
    read_next_hops(section, route, has_to, known, config);
  else if (section.has("via") || section.has("port"))
    section.mistake("action", "action and next hop are both said; expected one of them");
  read_track(section, route, config);
  section.finish();
  return has_to;
}

void check_tracked_next_hops(Section& root, const std::vector<RouteConfig>& routes) {
  std::set<std::pair<std::string, IpAddress>> tracked;
  for (const RouteConfig& route : routes)
    for (const NextHop& hop : route.via)
      if (route.track) tracked.emplace(hop.port, hop.via);
  if (tracked.size() > dataplane::kTrackedNextHopsMax)
    root.mistake("routes", std::to_string(tracked.size()) + " tracked next hops; expected at most " +
                               std::to_string(dataplane::kTrackedNextHopsMax) + " different ones");
}

}  // namespace

void read_routes(Section& root, const KnownPorts& known, Config& config) {
  std::set<IpPrefix> seen;
  std::size_t of_family[2] = {};
  for (const Value& value : root.list("routes")) {
    Section section = root.element(value, "route");
    RouteConfig route;
    if (!read_route(section, route, known, config)) continue;
    if (!seen.insert(route.to).second)
      section.mistake("to", "route to " + to_text(route.to) + " is repeated; expected one entry for it");
    ++of_family[route.to.is_v4() ? 0 : 1];
    config.dataplane.routes.push_back(std::move(route));
  }
  const auto check_room = [&](std::size_t count, std::uint32_t room, const char* key) {
    if (count > room)
      root.mistake("routes", std::to_string(count) + " routes, and room for " + std::to_string(room) +
                                 "; expected a larger '" + key + "' in 'dataplane'");
  };
  check_room(of_family[0], config.dataplane.routes4_max, "ipv4_routes");
  check_room(of_family[1], config.dataplane.routes6_max, "ipv6_routes");
  check_tracked_next_hops(root, config.dataplane.routes);
}

void read_next_hop_tracking(Section& root, Config& config) {
  dataplane::NextHopTrackingConfig& tracking = config.dataplane.next_hop_tracking;
  Section section = root.section("next_hop_tracking");
  section.optional("interval", tracking.interval, Duration{100ms, 60s});
  section.optional("attempts", tracking.attempts, WholeNumber<std::uint32_t>{1, 10});
  section.finish();
}

void read_icmp(Section& root, Config& config) {
  Section section = root.section("icmp");
  section.optional("errors_per_s", config.dataplane.icmp_errors_per_s,
                   WholeNumber<std::uint32_t>{0, 1'000'000});
  section.finish();
}

}  // namespace stillwater::appliance
