#include <algorithm>
#include <optional>

#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/family.h"
#include "dataplane/datapath/ip/ipv6_parse.h"
#include "dataplane/datapath/nat/session_way.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/ping/ping_answer.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::Direction;
using region::FlowKey;
using region::Session;

// The start of the packet that the error is about. At least 8 bytes of its payload are there.
struct Quoted {
  rte_ipv4_hdr* ip;
  std::uint8_t* l4;
  unsigned l4_bytes;
  FlowKey key;
};

std::optional<Quoted> parse_quoted(const Packet& packet) {
  constexpr unsigned kPayloadBytes = 8;
  const unsigned available = packet.l4_bytes - unsigned{sizeof(rte_icmp_hdr)};
  if (available < sizeof(rte_ipv4_hdr) + kPayloadBytes) return std::nullopt;
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(packet.l4 + sizeof(rte_icmp_hdr));
  const unsigned header_bytes = (ip->version_ihl & 0xfu) * 4;
  if (ip->version_ihl >> 4 != 4 || header_bytes < sizeof(*ip) || available < header_bytes + kPayloadBytes)
    return std::nullopt;
  Quoted quoted{ip, reinterpret_cast<std::uint8_t*>(ip) + header_bytes, available - header_bytes, {}};
  quoted.key.source_be = ip->src_addr;
  quoted.key.destination_be = ip->dst_addr;
  quoted.key.protocol = ip->next_proto_id;
  if (!has_nat_ports(ip->next_proto_id)) return quoted;
  if (ip->next_proto_id == IPPROTO_ICMP) {
    quoted.key.source_port_be = quoted.key.destination_port_be =
        reinterpret_cast<rte_icmp_hdr*>(quoted.l4)->icmp_ident;
  } else if (has_ports(ip->next_proto_id)) {
    quoted.key.source_port_be = reinterpret_cast<rte_udp_hdr*>(quoted.l4)->src_port;
    quoted.key.destination_port_be = reinterpret_cast<rte_udp_hdr*>(quoted.l4)->dst_port;
  }
  return quoted;
}

// Gives the quoted packet the tuple that the error's receiver sent it with, by the same rewriting as any
// packet. What of its checksum was not quoted is left alone.
void translate_quoted(const Quoted& quoted, const FlowKey& as_sent) {
  Packet inner;
  inner.ip = quoted.ip;
  inner.key = quoted.key;
  if (quoted.key.protocol != IPPROTO_TCP || quoted.l4_bytes >= sizeof(rte_tcp_hdr)) {
    inner.l4 = quoted.l4;
    translate(inner, as_sent);
    return;
  }
  rte_tcp_hdr whole{};
  std::copy_n(quoted.l4, quoted.l4_bytes, reinterpret_cast<std::uint8_t*>(&whole));
  inner.l4 = reinterpret_cast<std::uint8_t*>(&whole);
  translate(inner, as_sent);
  std::copy_n(inner.l4, quoted.l4_bytes, quoted.l4);
}

void replace_outer(rte_ipv4_hdr& ip, std::uint32_t source_be, std::uint32_t destination_be) {
  ChecksumDelta delta;
  delta.replace32(ip.src_addr, source_be);
  delta.replace32(ip.dst_addr, destination_be);
  ip.src_addr = source_be;
  ip.dst_addr = destination_be;
  ip.hdr_checksum = delta.apply(ip.hdr_checksum);
}

// Of the session that an error is about: it came from where the packet that it quotes went to, and rules
// admit the session still. Else what becomes of the error.
template <class Family>
std::optional<Verdict> check_session(Context& context, const Packet& packet, region::SessionMatch match) {
  const auto& session = Family::sessions(context.state).at(match.slot);
  if (context.rehearsal != nullptr) context.rehearsal->of_session(session, match.direction);
  const bool to_responder = match.direction == Direction::forward;
  if (packet.in_port != (to_responder ? session.initiator_port : session.responder_port))
    return Verdict::drop(DropReason::wrong_port);
  if (is_of_policy(context, session)) return std::nullopt;
  return admit_again<Family>(context, packet, match.slot);
}

}  // namespace

Verdict session_error(Context& context, Packet& packet) {
  const auto quoted = parse_quoted(packet);
  if (!quoted) return Verdict::drop(DropReason::truncated);
  const auto match = context.state.sessions.find(reversed(quoted->key));
  if (!match) {
    const auto verdict = take_ping_answer(context, packet);
    return verdict ? *verdict : Verdict::drop(DropReason::icmp_error_unknown);
  }
  if (const auto refused = check_session<Ipv4>(context, packet, match)) return *refused;
  const Session& session = context.state.sessions.at(match.slot);
  const bool to_responder = match.direction == Direction::forward;
  const FlowKey& as_sent = to_responder ? session.reply : session.forward;
  const Adjacency& route = context.fib().lookup(as_sent.source_be);
  if (context.rehearsal != nullptr) context.rehearsal->looked_up(IpAddress::v4(as_sent.source_be), route);
  const bool again = comes_in_again(context, packet, route, as_sent.source_be);
  const Verdict verdict = again ? Verdict::output() : forward_ipv4(context, packet, route, as_sent.source_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  context.turn.depend_on(session.changed_epoch);

  // Hosts and routers inside hide behind the translation of the end that they are at (RFC 5508 REQ-4, REQ-5).
  const std::uint32_t end_be = to_responder ? session.forward.source_be : session.reply.source_be;
  const std::uint32_t seen_as_be =
      to_responder ? session.reply.destination_be : session.forward.destination_be;
  replace_outer(*packet.ip, end_be != seen_as_be ? seen_as_be : packet.ip->src_addr, as_sent.source_be);
  auto& icmp = *packet.l4_as<rte_icmp_hdr>();
  const auto quoted_bytes =
      static_cast<std::size_t>(quoted->l4 - reinterpret_cast<std::uint8_t*>(quoted->ip)) +
      std::min<std::size_t>(quoted->l4_bytes & ~1u, sizeof(rte_tcp_hdr));
  ChecksumDelta delta;
  const std::uint16_t before = sum_words(quoted->ip, quoted_bytes);
  translate_quoted(*quoted, as_sent);
  delta.replace16(before, sum_words(quoted->ip, quoted_bytes));
  icmp.icmp_cksum = delta.apply(icmp.icmp_cksum);
  return again ? turn_back(context, packet, route) : verdict;
}

// An error goes to the source of the packet that it quotes (RFC 4443 section 2.2), by whatever router sent
// it.
Verdict session6_error(Context& context, Packet& packet) {
  constexpr unsigned kIcmpBytes = sizeof(rte_icmp_hdr);
  const auto quoted = flow6_at(packet.l4 + kIcmpBytes, packet.l4_bytes - kIcmpBytes);
  if (!quoted) return Verdict::drop(DropReason::truncated);
  const IpAddress source = IpAddress::v6(packet.ip6->src_addr);
  if (source.is_none()) return Verdict::drop(DropReason::martian_source);
  if (source.is_link_local()) return Verdict::drop(DropReason::beyond_scope);
  const auto match = context.state.sessions6.find(reversed(*quoted));
  if (!match || address_of(quoted->source) != IpAddress::v6(packet.ip6->dst_addr))
    return Verdict::drop(DropReason::icmp_error_unknown);
  if (const auto refused = check_session<Ipv6>(context, packet, match)) return *refused;
  context.turn.depend_on(context.state.sessions6.at(match.slot).changed_epoch);
  return forward_ipv6(context, packet, *packet.route);
}

}  // namespace stillwater::dataplane
