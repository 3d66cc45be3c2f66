#include <algorithm>
#include <cstring>

#include "dataplane/datapath/icmp/own_messages.h"

namespace stillwater::dataplane {

std::uint16_t quote(const Packet& packet, std::uint16_t bytes, rte_mbuf& message) {
  const std::uint32_t there = rte_pktmbuf_pkt_len(packet.mbuf) - RTE_ETHER_HDR_LEN;
  const auto length = static_cast<std::uint16_t>(std::min<std::uint32_t>(there, bytes));
  char* to = rte_pktmbuf_append(&message, length);
  if (to == nullptr) return 0;
  const void* from = rte_pktmbuf_read(packet.mbuf, RTE_ETHER_HDR_LEN, length, to);
  if (from != to) std::memcpy(to, from, length);
  return length;
}

}  // namespace stillwater::dataplane
