#include "tests/bench/router_network.h"

#include <set>

#include <netinet/in.h>

#include "dataplane/datapath/output/arp_frames.h"
#include "dataplane/datapath/output/nd_frames.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

using dataplane::RouteConfig;

constexpr std::uint32_t kNextHops = 64;  // on either side
constexpr std::size_t kDestinations = 1u << 18;

IpAddress host6(unsigned side, std::uint32_t host) {
  IpAddress address{{0x20, 0x01, 0x0d, 0xb8, 0, static_cast<std::uint8_t>(1 + side)}};
  address.bytes[15] = static_cast<std::uint8_t>(host);
  return address;
}

// As lengths are spread over the Internet's table, about: most are /24, many /22 and /23, a few shorter.
std::uint8_t some_length4(Random& random) {
  constexpr std::array<std::uint8_t, 16> kLengths{24, 24, 24, 24, 24, 24, 24, 24,
                                                  24, 24, 23, 23, 22, 22, 20, 19};
  return kLengths[random() % kLengths.size()];
}

// Somewhere in a route, chosen anew for each.
std::vector<IpAddress> destinations_of(const Routes& routes, Random& random) {
  std::vector<IpAddress> destinations(kDestinations);
  for (IpAddress& destination : destinations) {
    const IpPrefix& to = routes[random() % routes.size()].to;
    destination = to.address;
    const unsigned first = to.length + (to.is_v4() ? 96u : 0u);
    for (unsigned bit = first; bit < 128; ++bit)
      if (random() % 2 == 0)
        destination.bytes[bit / 8] = static_cast<std::uint8_t>(destination.bytes[bit / 8] | 0x80u >> bit % 8);
  }
  return destinations;
}

}  // namespace

IpAddress next_hop4(unsigned side, std::uint32_t which) {
  const std::uint32_t subnet = side == kInside ? RTE_IPV4(10, 9, 0, 0) : RTE_IPV4(10, 2, 0, 0);
  return IpAddress::v4(htonl(subnet + 2 + which % kNextHops));
}

Routes routes4(std::size_t count, Random& random) {
  std::set<IpPrefix> seen;
  Routes routes;
  while (routes.size() < count) {
    const std::uint32_t address = RTE_IPV4(16, 0, 0, 0) + random() % RTE_IPV4(96, 0, 0, 0);
    const IpPrefix to = IpPrefix{IpAddress::v4(htonl(address)), some_length4(random)}.network();
    if (!seen.insert(to).second) continue;
    routes.push_back({.to = to, .via = {{next_hop4(routes.size() % 2, random())}}});
  }
  return routes;
}

Routes routes6(std::size_t count, Random& random) {
  std::set<IpPrefix> seen;
  Routes routes;
  while (routes.size() < count) {
    IpAddress address{{0x2a}};
    for (std::size_t i = 1; i < 6; ++i) address.bytes[i] = static_cast<std::uint8_t>(random());
    const IpPrefix to =
        IpPrefix{address, static_cast<std::uint8_t>(random() % 2 == 0 ? 48 : 32 + random() % 16)}.network();
    if (!seen.insert(to).second) continue;
    routes.push_back({.to = to, .via = {{host6(routes.size() % 2, 2 + random() % kNextHops)}}});
  }
  return routes;
}

dataplane::Config router(Routes routes, const std::array<std::string, 2>& devices, const RouteRoom& room) {
  dataplane::Config config = firewall(256);
  config.function = dataplane::Function::router;
  config.rules.clear();
  config.neighbours_max = 16384;  // a set of four takes no fifth: of few sets some would be full
  config.routes4_max = room.ipv4;
  config.routes6_max = room.ipv6;
  for (unsigned side : {kInside, kOutside}) {
    config.ports[side].device = devices[side];
    config.ports[side].addresses6 = {{host6(side, 1), 64}};
  }
  config.routes = std::move(routes);
  return config;
}

std::unique_ptr<LoadSource> source_of(unsigned side, const Routes& routes, const FrameBytes& frame_bytes,
                                      Random& random) {
  const bool is_v4 = routes.front().to.is_v4();
  auto source =
      std::make_unique<RouteSource>(RouteSource::Load{.to = kVirtualMac[side],
                                                      .from = kPeerMac[side],
                                                      .source = is_v4 ? next_hop4(side, 0) : host6(side, 2),
                                                      .destinations = destinations_of(routes, random),
                                                      .frame_bytes = frame_bytes});
  for (std::uint32_t hop = 0; hop < kNextHops; ++hop) {
    source->greet_with(frame_by([&](rte_mbuf& frame) {
      dataplane::write_arp_request(frame, kPeerMac[side], next_hop4(side, hop).v4_be(),
                                   htonl(side == kInside ? kInsideAddress : kOutsideAddress));
    }));
    source->greet_with(frame_by([&](rte_mbuf& frame) {
      dataplane::write_neighbour_solicitation(frame, kPeerMac[side], host6(side, 2 + hop), host6(side, 1),
                                              nullptr);
    }));
  }
  return source;
}

}  // namespace stillwater::bench
