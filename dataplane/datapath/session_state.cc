#include "dataplane/datapath/session_state.h"

#include <netinet/in.h>

#include <rte_tcp.h>

namespace stillwater::dataplane {

using region::Direction;
using region::SessionState;

Progress after_tcp(Progress before, Direction direction, std::uint8_t tcp_flags, TcpEvidence evidence) {
  if ((tcp_flags & RTE_TCP_RST_FLAG) != 0) {
    if (!evidence.exact_reset) return before;
    return {SessionState::closing, kBothEnded};
  }
  if ((tcp_flags & RTE_TCP_FIN_FLAG) != 0) {
    const unsigned bit = direction == Direction::forward ? 1 : 2;
    return {SessionState::closing, static_cast<std::uint8_t>(before.ended | bit)};
  }
  const bool completes = direction == Direction::forward && (tcp_flags & RTE_TCP_ACK_FLAG) != 0 &&
                         (tcp_flags & RTE_TCP_SYN_FLAG) == 0;
  if (before.state == SessionState::opening && completes && evidence.responder_answered)
    return {SessionState::established, before.ended};
  return before;
}

Progress after_datagram(Progress before, Direction direction) {
  if (direction == Direction::reply) before.state = SessionState::established;
  return before;
}

bool opens_session(std::uint8_t tcp_flags) {
  constexpr unsigned kHandshake = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_FIN_FLAG;
  return (tcp_flags & kHandshake) == RTE_TCP_SYN_FLAG;
}

bool answers_session(std::uint8_t tcp_flags) {
  constexpr unsigned kBoth = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG;
  return (tcp_flags & kBoth) == kBoth;
}

template <class Key>
std::uint32_t timeout_s(const region::BasicSession<Key>& session, const TimeoutConfig& timeouts,
                        std::uint32_t by_rule_s) {
  const bool is_tcp = session.forward.protocol == IPPROTO_TCP;
  if (by_rule_s != 0 && (!is_tcp || session.state == SessionState::established)) return by_rule_s;
  switch (session.forward.protocol) {
    case IPPROTO_UDP:
      return timeouts.udp_s;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return timeouts.icmp_s;
    case IPPROTO_TCP:
      break;
    default:
      return timeouts.other_s;
  }
  switch (session.state) {
    case SessionState::established:
      return timeouts.tcp_established_s;
    case SessionState::closing:
      return is_closed(session) ? timeouts.tcp_closed_s : timeouts.tcp_closing_s;
    default:
      return timeouts.tcp_opening_s;
  }
}

template std::uint32_t timeout_s(const region::Session&, const TimeoutConfig&, std::uint32_t);
template std::uint32_t timeout_s(const region::Session6&, const TimeoutConfig&, std::uint32_t);

}  // namespace stillwater::dataplane
