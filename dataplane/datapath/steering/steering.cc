#include "dataplane/datapath/steering/steering.h"

#include <cstring>
#include <optional>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "ckpt_engine/region/port_bitmap.h"
#include "dataplane/datapath/fragments/ipv6_headers.h"
#include "dataplane/datapath/graph/pipeline.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/ip/ipv6_parse.h"
#include "dataplane/datapath/steering/flow_hash.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::FlowKey;

// A run of bytes of the first segment.
struct Bytes {
  const std::uint8_t* data;
  unsigned size;

  [[nodiscard]] Bytes from(unsigned offset) const {
    return offset <= size ? Bytes{data + offset, size - offset} : Bytes{data, 0};
  }
};

// An IPv4 header and what follows it.
struct Datagram {
  rte_ipv4_hdr ip;
  Bytes payload;
};

std::optional<Datagram> datagram_at(Bytes bytes) {
  Datagram datagram;
  if (bytes.size < sizeof(datagram.ip)) return std::nullopt;
  std::memcpy(&datagram.ip, bytes.data, sizeof(datagram.ip));
  const unsigned header_bytes = (datagram.ip.version_ihl & 0xfu) * 4;
  if (datagram.ip.version_ihl >> 4 != 4 || header_bytes < sizeof(datagram.ip)) return std::nullopt;
  datagram.payload = bytes.from(header_bytes);
  return datagram;
}

std::uint16_t word_at(Bytes bytes, unsigned offset) {
  std::uint16_t word = 0;
  if (bytes.size >= offset + sizeof(word)) std::memcpy(&word, bytes.data + offset, sizeof(word));
  return word;
}

Bytes bytes_of(const rte_mbuf& frame) {
  return {rte_pktmbuf_mtod(&frame, const std::uint8_t*), rte_pktmbuf_data_len(&frame)};
}

// What lies behind the Ethernet header, and behind a VLAN's tag in it.
struct Contents {
  std::uint16_t ethertype_be;
  Bytes payload;
};

Contents contents_of(const rte_mbuf& frame) {
  const Bytes bytes = bytes_of(frame);
  const std::uint16_t ethertype = word_at(bytes, offsetof(rte_ether_hdr, ether_type));
  if (ethertype != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) return {ethertype, bytes.from(RTE_ETHER_HDR_LEN)};
  const Bytes tagged = bytes.from(RTE_ETHER_HDR_LEN);
  return {word_at(tagged, offsetof(rte_vlan_hdr, eth_proto)), tagged.from(sizeof(rte_vlan_hdr))};
}

bool is_neighbour_discovery(Bytes packet) {
  const Bytes message = packet.from(sizeof(rte_ipv6_hdr));
  return message.size != 0 && packet.data[offsetof(rte_ipv6_hdr, proto)] == IPPROTO_ICMPV6 &&
         icmp6::kRouterSolicitation <= message.data[0] && message.data[0] <= icmp6::kRedirect;
}

// Ports are those of the session that this belongs to: none for ICMP but an echo's identifier.
FlowKey flow_of(const Datagram& datagram) {
  FlowKey flow;
  flow.source_be = datagram.ip.src_addr;
  flow.destination_be = datagram.ip.dst_addr;
  flow.protocol = datagram.ip.next_proto_id;
  if (has_ports(flow.protocol)) {
    flow.source_port_be = word_at(datagram.payload, 0);
    flow.destination_port_be = word_at(datagram.payload, 2);
  } else if (flow.protocol == IPPROTO_ICMP) {
    flow.source_port_be = flow.destination_port_be =
        word_at(datagram.payload, offsetof(rte_icmp_hdr, icmp_ident));
  }
  return flow;
}

// The same of most frames, in fewer steps: untagged, without options, TCP or UDP.
bool read_plain_flow(Bytes frame, FlowKey& flow) {
  constexpr unsigned kPorts = RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr);
  if (frame.size < kPorts + 2 * sizeof(rte_be16_t)) return false;
  const auto& ip = *reinterpret_cast<const rte_ipv4_hdr*>(frame.data + RTE_ETHER_HDR_LEN);
  if (word_at(frame, offsetof(rte_ether_hdr, ether_type)) != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
      ip.version_ihl != RTE_IPV4_VHL_DEF || !has_ports(ip.next_proto_id))
    return false;
  flow.source_be = ip.src_addr;
  flow.destination_be = ip.dst_addr;
  flow.source_port_be = word_at(frame, kPorts);
  flow.destination_port_be = word_at(frame, kPorts + sizeof(rte_be16_t));
  flow.protocol = ip.next_proto_id;
  std::memset(flow.zero, 0, sizeof(flow.zero));
  return true;
}

// Where packets from or to there pass; no port: nowhere.
PortIndex port_of(const Adjacency& route) {
  return route.forwards() || route.kind == Adjacency::Kind::local ? route.port : kAnyPort;
}

bool is_icmp_error(const Datagram& datagram) {
  return datagram.ip.next_proto_id == IPPROTO_ICMP && datagram.payload.size > 0 &&
         quotes_a_packet(datagram.payload.data[0]);
}

bool is_ipv6(const Contents& contents) {
  return contents.ethertype_be == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
         contents.payload.size >= sizeof(rte_ipv6_hdr);
}

AddressBytes bytes_at(Bytes bytes, unsigned offset) {
  AddressBytes address;
  std::memcpy(address.data(), bytes.data + offset, address.size());
  return address;
}

// Of an IPv6 packet: the flow that decides whose it is. None: a fragment, or no flow can be told.
std::optional<region::FlowKey6> deciding_flow6(Bytes packet) {
  const auto flow = flow6_at(packet.data, packet.size);
  if (!flow || flow->protocol != IPPROTO_ICMPV6) return flow;
  Ipv6HeaderWalk walk(packet.data, packet.size);
  const Bytes message = walk.find_transport() ? packet.from(walk.at()) : Bytes{packet.data, 0};
  if (message.size == 0 || !icmp6::is_known_error(message.data[0])) return flow;
  const Bytes quoted = message.from(sizeof(rte_icmp_hdr));
  const auto about = flow6_at(quoted.data, quoted.size);
  return about ? std::optional(reversed(*about)) : std::nullopt;
}

}  // namespace

std::optional<region::FlowKey6> flow6_of(const rte_mbuf& frame) {
  const Contents contents = contents_of(frame);
  if (!is_ipv6(contents)) return std::nullopt;
  return flow6_at(contents.payload.data, contents.payload.size);
}

bool read_flow(const rte_mbuf& frame, FlowKey& flow) {
  if (read_plain_flow(bytes_of(frame), flow)) return true;
  const Contents contents = contents_of(frame);
  if (contents.ethertype_be != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) return false;
  const auto datagram = datagram_at(contents.payload);
  if (datagram) flow = flow_of(*datagram);
  return datagram.has_value();
}

Steering::Steering(const Config& config)
    : workers_(config.workers), has_sessions_(pipeline_of(config).has_sessions), nat_(config) {}

unsigned Steering::owner(const rte_mbuf& frame, const Fib* fib) const {
  const Contents contents = contents_of(frame);
  if (contents.ethertype_be == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP)) return kEveryone;
  if (contents.ethertype_be == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
      is_neighbour_discovery(contents.payload))
    return kEveryone;
  if (!has_sessions_) return kNobody;
  if (contents.ethertype_be != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
    return is_ipv6(contents) ? owner_of_ipv6({contents.payload.data, contents.payload.size}) : kNobody;
  const auto datagram = datagram_at(contents.payload);
  if (!datagram) return kNobody;
  if (is_fragment(datagram->ip))
    return worker_of_hash(flow_hash(datagram->ip.src_addr, datagram->ip.dst_addr), workers_);
  if (!is_icmp_error(*datagram)) return owner_of_flow(flow_of(*datagram), fib);
  const auto quoted = datagram_at(datagram->payload.from(sizeof(rte_icmp_hdr)));
  return quoted ? owner_of_flow(reversed(flow_of(*quoted)), fib) : kNobody;
}

unsigned Steering::owner_of_ipv6(std::span<const std::uint8_t> packet) const {
  const Bytes bytes{packet.data(), static_cast<unsigned>(packet.size())};
  const AddressBytes source = bytes_at(bytes, offsetof(rte_ipv6_hdr, src_addr));
  const AddressBytes destination = bytes_at(bytes, offsetof(rte_ipv6_hdr, dst_addr));
  if (destination[0] == 0xff) return kNobody;
  if (const auto flow = deciding_flow6(bytes)) return delivered_to(*flow);
  return worker_of_hash(flow_hash(source, destination), workers_);
}

unsigned Steering::owner_of_flow(const FlowKey& flow, const Fib* fib) const {
  if (nat_.empty()) return delivered_to(flow);
  if (fib == nullptr)
    return nat_.is_pool_address(flow.destination_be) ? owner_in_pool(flow) : delivered_to(flow);
  const Adjacency& from = fib->lookup(flow.source_be);
  const Adjacency& to = fib->lookup(flow.destination_be);
  if (is_source_translated(flow, from, to)) return owner_of_source(flow);
  if (to.kind == Adjacency::Kind::local) {
    if (const auto forwarded = nat_.translated_destination(port_of(from), flow))
      return owner_of_forwarded(*forwarded, from, *fib);
    if (nat_.is_pool_address(flow.destination_be)) return owner_in_pool(flow);
  }
  if (is_answer_translated(flow, from, to)) return owner_of_source(reversed(flow));
  return owner_by(inside_target(flow), flow);
}

// Its answers are asked the other way round: first whether they leave under another source themselves.
unsigned Steering::owner_of_forwarded(const FlowKey& flow, const Adjacency& from, const Fib& fib) const {
  const Adjacency& to = fib.lookup(flow.destination_be);
  if (is_answer_translated(flow, from, to)) return owner_of_source(reversed(flow));
  if (is_source_translated(flow, from, to)) return owner_of_source(flow);
  return owner_by(inside_target(flow), flow);
}

bool Steering::is_source_translated(const FlowKey& flow, const Adjacency& from, const Adjacency& to) const {
  const PortIndex in = port_of(from), out = port_of(to);
  if (to.kind == Adjacency::Kind::local)
    return nat_.is_outside_address(flow.destination_be) && nat_.leaves_translated(in, out, flow.source_be) &&
           !nat_.translated_destination(in, flow);
  return !nat_.static_source(out, flow.source_be) && nat_.source_entry(in, out, flow.source_be) != nullptr;
}

bool Steering::is_answer_translated(const FlowKey& flow, const Adjacency& from, const Adjacency& to) const {
  return is_source_translated(reversed(flow), to, from);
}

Steering::Inside Steering::inside_target(const FlowKey& flow) const {
  const bool source = nat_.is_inside_target(flow.source_be, flow.protocol, flow.source_port_be);
  const bool destination =
      nat_.is_inside_target(flow.destination_be, flow.protocol, flow.destination_port_be);
  if (source == destination) return Inside::neither;
  return source ? Inside::source : Inside::destination;
}

// By the endpoint that its session binds; without ports, by the remote.
unsigned Steering::owner_of_source(const FlowKey& flow) const {
  const std::uint32_t hash = has_nat_ports(flow.protocol) ? flow_hash(flow.source_be, 0, flow.source_port_be)
                                                          : flow_hash(flow.destination_be, 0);
  return worker_of_hash(hash, workers_);
}

unsigned Steering::owner_by(Inside inside, const FlowKey& flow) const {
  switch (inside) {
    case Inside::source:
      return worker_of_hash(flow_hash(flow.source_be, 0, flow.source_port_be), workers_);
    case Inside::destination:
      return worker_of_hash(flow_hash(flow.destination_be, 0, flow.destination_port_be), workers_);
    case Inside::neither:
      break;
  }
  return delivered_to(flow);
}

unsigned Steering::owner_in_pool(const FlowKey& flow) const {
  if (!has_nat_ports(flow.protocol)) return worker_of_hash(flow_hash(flow.source_be, 0), workers_);
  return region::PortBitmap::Share::owner(rte_be_to_cpu_16(flow.destination_port_be), workers_,
                                          nat_.port_unit());
}

unsigned Steering::delivered_to(const FlowKey& flow) const {
  const bool ports = has_ports(flow.protocol);
  return worker_of_hash(flow_hash(flow.source_be, flow.destination_be, ports ? flow.source_port_be : 0,
                                  ports ? flow.destination_port_be : 0),
                        workers_);
}

unsigned Steering::delivered_to(const region::FlowKey6& flow) const {
  const bool ports = has_ports(flow.protocol);
  return worker_of_hash(flow_hash(flow.source, flow.destination, ports ? flow.source_port_be : 0,
                                  ports ? flow.destination_port_be : 0),
                        workers_);
}

}  // namespace stillwater::dataplane
