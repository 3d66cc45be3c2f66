// The network that benchmarks of the dataplane pretend: a firewall on two null ports, clients behind a
// gateway on the inside, a server on the outside.
#pragma once

#include <cstdint>
#include <vector>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "dataplane/config.h"

namespace stillwater::bench {

inline constexpr unsigned kInside = 0;  // indices of the ports
inline constexpr unsigned kOutside = 1;

inline constexpr std::uint32_t kClientNet = RTE_IPV4(10, 1, 0, 0);
inline constexpr std::uint32_t kClientGateway = RTE_IPV4(10, 9, 0, 2);
inline constexpr std::uint32_t kServerHost = RTE_IPV4(10, 2, 0, 2);
inline constexpr std::uint32_t kInsideAddress = RTE_IPV4(10, 9, 0, 1);
inline constexpr std::uint32_t kOutsideAddress = RTE_IPV4(10, 2, 0, 1);
// By port.
inline constexpr rte_ether_addr kVirtualMac[2] = {{{0x02, 0x53, 0x57, 0, 1, 1}},
                                                  {{0x02, 0x53, 0x57, 0, 2, 1}}};
inline constexpr rte_ether_addr kPeerMac[2] = {{{0x02, 0, 0, 0, 1, 2}}, {{0x02, 0, 0, 0, 2, 2}}};

// Ports net_null0 and net_null1; from inside to outside everything is allowed, by rule 10.
[[nodiscard]] dataplane::Config firewall(std::uint32_t sessions_max);
// The same with source NAT to kOutsideAddress.
[[nodiscard]] dataplane::Config translating_firewall(std::uint32_t sessions_max);

// Writes the ARP request by which the neighbour on `port` makes itself known.
void write_greeting(rte_mbuf* packet, unsigned port);
[[nodiscard]] std::vector<std::uint8_t> greeting_of(unsigned port);

}  // namespace stillwater::bench
