#include "dataplane/datapath/nodes/ip/flow_choice.h"

#include <array>
#include <cstring>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_jhash.h>

#include "dataplane/datapath/ip/ipv4_parse.h"

namespace stillwater::dataplane {
namespace {

// Not the key of the hash that spreads flows over workers: each worker would know one next hop.
constexpr std::uint32_t kSeed = 0x9e3779b9;

std::uint32_t ports_at(const rte_mbuf& frame, unsigned offset, std::uint8_t protocol) {
  std::uint32_t ports = 0;
  if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) &&
      rte_pktmbuf_data_len(&frame) >= offset + sizeof(ports))
    std::memcpy(&ports, rte_pktmbuf_mtod_offset(&frame, const void*, offset), sizeof(ports));
  return ports;
}

}  // namespace

std::uint32_t flow_choice(const rte_mbuf& frame) {
  std::array<std::uint32_t, 10> words{};
  const auto* ip = rte_pktmbuf_mtod_offset(&frame, const rte_ipv4_hdr*, RTE_ETHER_HDR_LEN);
  if (ip->version_ihl >> 4 == 4) {
    const unsigned l4 = RTE_ETHER_HDR_LEN + (ip->version_ihl & 0xfu) * 4;
    words = {ip->src_addr, ip->dst_addr, ip->next_proto_id,
             is_fragment(*ip) ? 0 : ports_at(frame, l4, ip->next_proto_id)};
    return rte_jhash_32b(words.data(), 4, kSeed);
  }
  const auto* ip6 = reinterpret_cast<const rte_ipv6_hdr*>(ip);
  std::memcpy(words.data(), ip6->src_addr, 2 * sizeof(ip6->src_addr));
  words[8] = ip6->proto;
  words[9] = ports_at(frame, RTE_ETHER_HDR_LEN + sizeof(*ip6), ip6->proto);
  return rte_jhash_32b(words.data(), words.size(), kSeed);
}

}  // namespace stillwater::dataplane
