#include "dataplane/datapath/ip/parse_again.h"

#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/ip/ipv6_parse.h"

namespace stillwater::dataplane {

std::optional<DropReason> parse_again(Packet& packet) {
  const bool is_v4 = packet.ether()->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
  return is_v4 ? parse_ipv4(packet) : parse_ipv6(packet);
}

}  // namespace stillwater::dataplane
