#include "dataplane/datapath/nodes/session/forward_established.h"

#include <algorithm>
#include <array>

#include <netinet/in.h>

#include "dataplane/datapath/graph/graph.h"
#include "dataplane/datapath/nodes/ip/short_way.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/tcp_window.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::Session;
using region::SessionState;

// Flags that leave a session as it is: an ACK, and none of those that a node has to look at.
bool is_uneventful(const rte_tcp_hdr& tcp) {
  constexpr unsigned kDecide = RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG;
  return (tcp.tcp_flags & kDecide) == RTE_TCP_ACK_FLAG;
}

// A whole TCP or UDP header of an unfragmented packet lies in the first segment.
bool is_plain_datagram(const rte_mbuf& frame, const rte_ipv4_hdr& ip) {
  const unsigned bytes = std::min<unsigned>(rte_pktmbuf_data_len(&frame) - RTE_ETHER_HDR_LEN,
                                            rte_be_to_cpu_16(ip.total_length)) -
                         unsigned{sizeof(ip)};
  if (is_fragment(ip)) return false;
  if (ip.next_proto_id == IPPROTO_UDP) return bytes >= sizeof(rte_udp_hdr);
  if (ip.next_proto_id != IPPROTO_TCP || bytes < sizeof(rte_tcp_hdr)) return false;
  const auto& tcp = *reinterpret_cast<const rte_tcp_hdr*>(&ip + 1);
  const unsigned header_bytes = (tcp.data_off >> 4) * 4u;
  return header_bytes >= sizeof(tcp) && header_bytes <= bytes && is_uneventful(tcp);
}

bool looks_plain(const Context& context, const Received& received) {
  rte_mbuf& frame = *received.mbuf;
  std::uint16_t ethertype_be;
  if (received.copy || received.turned_back ||
      rte_pktmbuf_data_len(&frame) < RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) ||
      !is_plain_frame(context.service, context.service.ports[received.port], frame, ethertype_be) ||
      ethertype_be != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
    return false;
  const auto& ip = header_of<rte_ipv4_hdr>(frame);
  return is_plain(context.service, frame, ip) && is_plain_datagram(frame, ip);
}

// A session whose packets change nothing but what is soft, and depend on nothing that is not committed.
bool is_steady(const Context& context, const Session& session, const Received& received,
               region::Direction direction) {
  const unsigned port =
      direction == region::Direction::forward ? session.initiator_port : session.responder_port;
  return session.state == SessionState::established && session.tcp_ended == 0 && received.port == port &&
         is_of_policy(context, session) && !context.output.waits_for_commit(session.changed_epoch);
}

// Where the session's window is, its segment fits it, or the long way says what becomes of it.
bool take_segment(Context& context, const Session& session, region::SessionMatch match,
                  const rte_ipv4_hdr& ip) {
  if (ip.next_proto_id != IPPROTO_TCP || context.service.tcp_checks == TcpChecks::off) return true;
  TcpWindow& window = context.state.sessions.tcp_windows[match.slot];
  const TcpSegment segment = segment_of(ip, *reinterpret_cast<const rte_tcp_hdr*>(&ip + 1));
  return take_if_it_fits(window, segment, match.direction, static_cast<std::uint8_t>(session.tcp_scales));
}

// The packets that may take the short way, and where their sessions send them.
struct Candidates {
  std::array<bool, kLookAhead> chosen;
  std::array<std::uint32_t, kLookAhead> destinations;
  Fib::Indices groups;
  unsigned count = 0;
};

void look_up(Context& context, std::span<const Received> burst, const LookAhead& ahead,
             Candidates& candidates) {
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const region::SessionMatch match = ahead.matches[i];
    candidates.chosen[i] = match && looks_plain(context, burst[i]);
    if (!candidates.chosen[i]) continue;
    candidates.destinations[candidates.count++] =
        answer_to(context.state.sessions.at(match.slot), match.direction).source_be;
  }
  if (candidates.count != 0)
    context.fib().lookup_burst(candidates.destinations.data(), candidates.count, candidates.groups);
}

// Packets before this one may have changed its session, or put another one in its place: `destination_be` is
// where the look ahead found it to send packets, and `route` how. Nothing is changed before it is clear that
// the packet leaves.
bool forward_one(Context& context, const Received& received, const region::FlowKey& key,
                 region::SessionMatch match, std::uint32_t destination_be, const Adjacency& route) {
  if (!context.state.sessions.is_match(key, match)) return false;
  const Session& session = context.state.sessions.at(match.slot);
  const region::FlowKey& answer = answer_to(session, match.direction);
  if (!is_steady(context, session, received, match.direction) || answer.source_be != destination_be)
    return false;
  rte_mbuf& frame = *received.mbuf;
  auto& ip = header_of<rte_ipv4_hdr>(frame);
  const LinkHeader* link = link_along(context, route, IpAddress::v4(destination_be));
  const unsigned bytes = rte_be_to_cpu_16(ip.total_length);
  if (link == nullptr || bytes > link->mtu || frame.nb_segs != 1) return false;
  if (!take_segment(context, session, match, ip)) return false;
  (void)trim(frame, bytes + RTE_ETHER_HDR_LEN);
  context.state.sessions.touch(context.turn, match.slot);
  decrement_ttl(ip);
  translate(ip, reinterpret_cast<std::uint8_t*>(&ip + 1), key, answer);
  send_along(context, *link, frame);
  return true;
}

}  // namespace

void forward_established(Context& context, std::span<const Received> burst, const LookAhead& ahead) {
  Candidates candidates;
  look_up(context, burst, ahead, candidates);
  unsigned next = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (candidates.chosen[i]) {
      const unsigned at = next++;
      if (forward_one(context, burst[i], ahead.keys[i], ahead.matches[i], candidates.destinations[at],
                      context.fib().at(candidates.groups[at])))
        continue;
    }
    process(context, burst[i], ahead.matches[i]);
  }
}

}  // namespace stillwater::dataplane
