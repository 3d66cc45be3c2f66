// Policies, and first packets that ask about them.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/ip_address.h"
#include "dataplane/config.h"

namespace stillwater::bench {

// Of one family; ports in host byte order.
struct FirstPacket {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol;
  std::uint16_t source_port;
  std::uint16_t destination_port;
};

// Rules as a policy has them that many hands wrote: each a source prefix, a destination prefix, TCP or UDP,
// and a port or a range of ports; one in 16 leaves the source out, one in 16 the destination, one in 8 the
// ports. Prefixes are of 16 to 32 bits in 10.0.0.0/8 (IPv6: of 48 to 128 in 2001:db8::/32), few networks
// being in many of them. Every other rule allows.
[[nodiscard]] std::vector<dataplane::RuleConfig> random_rules(std::uint32_t count, bool is_v4,
                                                              std::mt19937_64& random);

// Half of them are what a rule means, by turns; of the others each field is what some rule means, so that
// most fields match something, and few packets match early.
[[nodiscard]] std::vector<FirstPacket> first_packets(const std::vector<dataplane::RuleConfig>& rules,
                                                     std::size_t count, bool is_v4, std::mt19937_64& random);

}  // namespace stillwater::bench
