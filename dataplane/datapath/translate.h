// Rewriting a packet's addresses and ports, with every checksum that covers them.
#pragma once

#include <netinet/in.h>

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

[[nodiscard]] inline region::FlowKey reversed(const region::FlowKey& key) {
  region::FlowKey reply = key;
  reply.source_be = key.destination_be;
  reply.destination_be = key.source_be;
  reply.source_port_be = key.destination_port_be;
  reply.destination_port_be = key.source_port_be;
  return reply;
}

// Protocols whose flows have ports; ICMP's have an identifier, others are by address alone.
[[nodiscard]] inline bool has_ports(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}
[[nodiscard]] inline bool is_by_address(std::uint8_t protocol) {
  return !has_ports(protocol) && protocol != IPPROTO_ICMP;
}

// The tuple that a packet of this direction leaves with: what the other side's answer has, reversed.
[[nodiscard]] region::FlowKey tuple_after(const region::Session& session, region::Direction direction);

// Gives the packet the tuple `after`; `packet.key` is what it has now. Checksums are updated incrementally.
void translate(Packet& packet, const region::FlowKey& after);

}  // namespace stillwater::dataplane
