// The network that the router's benchmark pretends: 64 gateways on either side, and routes to them by the
// thousand, laid out as on the Internet.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "dataplane/config.h"
#include "tests/bench/random.h"
#include "tests/bench/route_source.h"

namespace stillwater::bench {

using Routes = std::vector<dataplane::RouteConfig>;
using FrameBytes = std::vector<std::uint16_t>;  // in turn; without the CRC

// One of the gateways of that side (kInside, kOutside).
[[nodiscard]] IpAddress next_hop4(unsigned side, std::uint32_t which);

// In public space, no two alike, half of them to either side. All of one family.
[[nodiscard]] Routes routes4(std::size_t count, Random& random);
[[nodiscard]] Routes routes6(std::size_t count, Random& random);

// How many routes the tables have room for.
struct RouteRoom {
  std::uint32_t ipv4 = 1'100'000;
  std::uint32_t ipv6 = 220'000;
};

// A router with these devices on its two sides.
[[nodiscard]] dataplane::Config router(Routes routes, const std::array<std::string, 2>& devices,
                                       const RouteRoom& room);

// What `side` sends: word of each of its gateways, in both families, then packets to destinations somewhere
// in the routes.
[[nodiscard]] std::unique_ptr<LoadSource> source_of(unsigned side, const Routes& routes,
                                                    const FrameBytes& frame_bytes, Random& random);

}  // namespace stillwater::bench
