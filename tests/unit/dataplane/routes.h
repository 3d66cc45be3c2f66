// Routes for tests, and a model that looks them up one by one.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>

#include "dataplane/config.h"
#include "dataplane/control/route_table.h"

namespace stillwater::dataplane {

inline IpAddress addr(const std::string& text) {
  std::uint8_t bytes[16];
  if (text.find(':') == std::string::npos) {
    in_addr address{};
    if (inet_pton(AF_INET, text.c_str(), &address) == 1) return IpAddress::v4(address.s_addr);
  } else if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) {
    return IpAddress::v6(bytes);
  }
  throw std::invalid_argument(text);
}
inline IpPrefix prefix(const std::string& text) {
  const auto slash = text.find('/');
  return {addr(text.substr(0, slash)), static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)))};
}
inline RouteConfig route(const std::string& to, const std::vector<std::string>& via) {
  RouteConfig route{.to = prefix(to)};
  for (const std::string& next_hop : via) route.via.push_back({.via = addr(next_hop)});
  return route;
}
inline RouteConfig route(const std::string& to, RouteKind kind) { return {.to = prefix(to), .kind = kind}; }
inline RouteChange put(RouteConfig route) { return {RouteChange::Kind::put, std::move(route)}; }
inline RouteChange removed(const IpPrefix& to) { return {RouteChange::Kind::remove, {.to = to}}; }

// 10.80.1.1/24 and 2001:db8:1::1/64 inside, the same with 2 outside.
inline Config router() {
  Config config;
  config.function = Function::router;
  config.routes4_max = config.routes6_max = 4096;
  config.ports.resize(2);
  for (unsigned port = 0; port < 2; ++port) {
    config.ports[port].name = port == 0 ? "inside" : "outside";
    config.ports[port].addresses = {{0x0a500001 | (port + 1) << 8, 24}};
    config.ports[port].addresses6 = {prefix("2001:db8:" + std::to_string(port + 1) + "::1/64")};
  }
  return config;
}
inline Adjacency inside(const std::string& next_hop) { return {Adjacency::Kind::via, 0, addr(next_hop)}; }
inline Adjacency outside(const std::string& next_hop) { return {Adjacency::Kind::via, 1, addr(next_hop)}; }

inline Status no_readers() { return {}; }
inline std::unique_ptr<RouteTable> made(const Config& config,
                                        const RouteTable::WaitForReaders& wait = no_readers) {
  auto table = RouteTable::create(config, wait);
  if (!table) throw std::runtime_error(table.error().message);
  return std::move(*table);
}
inline const Fib& fib(const RouteTable& table) { return *table.published().load(); }

// Of the two ports above.
class RouteModel {
 public:
  RouteModel() {
    for (PortIndex port = 0; port < 2; ++port) {
      const std::string n = std::to_string(port + 1);
      own(Adjacency::Kind::local, port, "10.80." + n + ".1/32");
      own(Adjacency::Kind::broadcast, port, "10.80." + n + ".0/32");
      own(Adjacency::Kind::broadcast, port, "10.80." + n + ".255/32");
      own(Adjacency::Kind::connected, port, "10.80." + n + ".0/24");
      own(Adjacency::Kind::local, port, "2001:db8:" + n + "::1/128");
      own(Adjacency::Kind::connected, port, "2001:db8:" + n + "::/64");
    }
  }
  void put(const RouteConfig& route) {
    remove(route.to);
    routes_.push_back(route);
  }
  void remove(const IpPrefix& to) {
    std::erase_if(routes_, [&](const RouteConfig& route) { return route.to == to; });
  }
  [[nodiscard]] std::vector<RouteConfig>& routes() { return routes_; }
  // Of next hops of tracked routes.
  [[nodiscard]] std::set<Adjacency>& dead() { return dead_; }
  // What the route goes by; nothing while it is withdrawn.
  [[nodiscard]] std::vector<Adjacency> way_of(const RouteConfig& route) const {
    std::vector<Adjacency> all = next_hops_of(route);
    if (route.track) std::erase_if(all, [&](const Adjacency& next_hop) { return dead_.contains(next_hop); });
    return all;
  }
  // The third group of digits of a next hop is its port's.
  static std::vector<Adjacency> next_hops_of(const RouteConfig& route) {
    if (route.kind == RouteKind::blackhole) return {{Adjacency::Kind::blackhole, 0, {}}};
    if (route.kind == RouteKind::reject) return {{Adjacency::Kind::reject, 0, {}}};
    std::vector<Adjacency> all;
    for (const NextHop& next_hop : route.via) {
      const unsigned n = next_hop.via.bytes[next_hop.via.is_v4() ? 14 : 5];
      all.push_back({Adjacency::Kind::via, static_cast<PortIndex>(n - 1), next_hop.via});
    }
    return all;
  }

  // Those that share the traffic to the destination.
  [[nodiscard]] std::vector<Adjacency> lookup(const IpAddress& destination) const {
    std::vector<Adjacency> best{Adjacency{}};
    int length = -1;
    if (destination.bytes[destination.is_v4() ? 12 : 0] >= (destination.is_v4() ? 0xe0 : 0xff)) return best;
    for (const auto& [to, adjacency] : links_) {
      if (!to.contains(destination) || to.length <= length) continue;
      length = to.length;
      best = {adjacency};
    }
    for (const RouteConfig& route : routes_) {
      if (!route.to.contains(destination) || route.to.length <= length) continue;
      auto way = way_of(route);
      if (way.empty()) continue;
      length = route.to.length;
      best = std::move(way);
    }
    return best;
  }

 private:
  void own(Adjacency::Kind kind, PortIndex port, const std::string& to) {
    links_.push_back({prefix(to), {kind, port, {}}});
  }
  std::vector<std::pair<IpPrefix, Adjacency>> links_;
  std::vector<RouteConfig> routes_;
  std::set<Adjacency> dead_;
};

}  // namespace stillwater::dataplane
