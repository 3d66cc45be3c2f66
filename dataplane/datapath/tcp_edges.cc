#include "dataplane/datapath/tcp_edges.h"

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {
namespace {

using region::Direction;

// What of the sequence space the segment takes.
std::uint32_t length_of(const Packet& packet) {
  const auto& tcp = *packet.l4_as<rte_tcp_hdr>();
  const unsigned headers = (packet.ip->version_ihl & 0xfu) * 4u + (tcp.data_off >> 4) * 4u;
  const unsigned total = rte_be_to_cpu_16(packet.ip->total_length);
  const unsigned syn = (packet.tcp_flags & RTE_TCP_SYN_FLAG) != 0 ? 1 : 0;
  const unsigned fin = (packet.tcp_flags & RTE_TCP_FIN_FLAG) != 0 ? 1 : 0;
  return (total > headers ? total - headers : 0) + syn + fin;
}

void advance(std::uint32_t& edge, std::uint32_t to) {
  if (edge == 0 || static_cast<std::int32_t>(to - edge) > 0) edge = to;
}

}  // namespace

void anchor(TcpEdges& edges, const Packet& packet, Direction direction) {
  const auto& tcp = *packet.l4_as<rte_tcp_hdr>();
  const auto side = static_cast<unsigned>(direction);
  advance(edges.next[side], rte_be_to_cpu_32(tcp.sent_seq) + length_of(packet));
  if ((packet.tcp_flags & RTE_TCP_ACK_FLAG) != 0)
    advance(edges.acknowledged[side], rte_be_to_cpu_32(tcp.recv_ack));
}

bool is_exact_reset(const TcpEdges& edges, const Packet& packet, Direction direction) {
  const std::uint32_t number = rte_be_to_cpu_32(packet.l4_as<rte_tcp_hdr>()->sent_seq);
  const auto side = static_cast<unsigned>(direction);
  return number != 0 && (number == edges.acknowledged[1 - side] || number == edges.next[side]);
}

}  // namespace stillwater::dataplane
