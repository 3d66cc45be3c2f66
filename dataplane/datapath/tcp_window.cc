#include "dataplane/datapath/tcp_window.h"

#include <algorithm>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {
namespace {

using region::Direction;
using region::SessionState;

constexpr std::uint32_t kWindowUnit = 128;
constexpr std::uint32_t kWindowMax = 0xffff;
constexpr unsigned kShiftMax = 14;  // RFC 7323 section 2.3
// What a network may be late by, besides a window.
constexpr std::uint32_t kLate = 0x1'0000;
// With the largest window less than half of the sequence space, for which comparisons are good.
constexpr std::uint32_t kLargestReach = 0x2fff'ffff;
constexpr unsigned kSettlings = 2;

bool after(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }
bool before(std::uint32_t a, std::uint32_t b) { return after(b, a); }

inline bool has(const TcpSegment& segment, unsigned flag) { return (segment.flags & flag) != 0; }

inline unsigned shift_of(const TcpSide& side) { return side.scale == 0 ? kShiftMax : side.scale - 1u; }

// How far the numbers of this side's peer may lie from the last ones: the largest window that it offered.
inline std::uint32_t reach_of(const TcpSide& side) {
  if (side.loose != 0) return std::min(2 * (kWindowMax << shift_of(side)), kLargestReach);
  return std::min(side.window * kWindowUnit + kLate, kLargestReach);
}

// Shift and one of the option (RFC 7323 section 2.2); 0: there is none.
std::uint8_t scale_option_of(const rte_tcp_hdr& tcp) {
  constexpr std::uint8_t kEnd = 0, kNothing = 1, kScale = 3, kScaleBytes = 3;
  const auto* at = reinterpret_cast<const std::uint8_t*>(&tcp + 1);
  const auto* end = reinterpret_cast<const std::uint8_t*>(&tcp) + (tcp.data_off >> 4) * 4u;
  while (at < end && *at != kEnd) {
    if (*at == kNothing) {
      ++at;
      continue;
    }
    if (end - at < 2 || at[1] < 2 || at[1] > end - at) return 0;
    if (at[0] == kScale && at[1] == kScaleBytes)
      return static_cast<std::uint8_t>(std::min<unsigned>(at[2], kShiftMax) + 1);
    at += at[1];
  }
  return 0;
}

bool is_tentative(const TcpWindow& window) {
  const auto& [first, second] = window.side;
  return first.loose != 0 && second.loose != 0 && (first.spoke == 0 || second.spoke == 0);
}

// RFC 9293 section 3.10.7.4, first check, by what passed here: the sender may repeat what its peer did not
// acknowledge, and probe one below (keep-alive) or at the edge (window of 0).
// Whose probe went beyond the edge, seen here or not, speaks from there.
inline bool fits_by_number(const TcpSide& sender, const TcpSide& receiver, const TcpSegment& segment) {
  const std::uint32_t reach = reach_of(receiver);
  if (receiver.spoke != 0) {
    const bool says_nothing = segment.length == 0 && !has(segment, RTE_TCP_RST_FLAG);
    const std::uint32_t edge = sender.limit + (says_nothing ? 1 : 0);
    if (after(segment.seq, edge + (receiver.loose != 0 ? reach : 0))) return false;
  } else if (sender.known != 0 && after(segment.seq, sender.end + reach)) {
    return false;
  }
  return sender.known == 0 || !before(segment.end(), sender.end - reach);
}

// RFC 5961 section 5: what was sent may be acknowledged, and what was acknowledged a window ago.
inline bool fits_by_ack(const TcpSide& sender, const TcpSide& receiver, const TcpSegment& segment) {
  if (!has(segment, RTE_TCP_ACK_FLAG) || receiver.known == 0) return true;
  const std::uint32_t reach = reach_of(sender);
  if (after(segment.ack, receiver.end + (receiver.loose != 0 ? reach : 0))) return false;
  return !before(segment.ack, receiver.end - reach);
}

// Of the SYN that this side sent, while its peer has not spoken.
bool acknowledges_syn(const TcpSide& side, const TcpSegment& answer) {
  return has(answer, RTE_TCP_ACK_FLAG) && side.known != 0 && !before(answer.ack, side.limit) &&
         !after(answer.ack, side.end);
}

TcpFate judge_answer(const TcpSide& sender, const TcpSide& receiver, const TcpSegment& segment,
                     Direction direction) {
  const bool fits = fits_by_number(sender, receiver, segment) && fits_by_ack(sender, receiver, segment);
  if (direction == Direction::forward) {  // of both, where both began (RFC 9293 section 3.5)
    if (receiver.known != 0 && sender.loose == 0)
      return segment.ack == receiver.end ? TcpFate::take : TcpFate::unasked;
    return sender.loose != 0 && fits ? TcpFate::pass : TcpFate::unasked;
  }
  if (receiver.known == 0 || receiver.loose != 0) return TcpFate::take;
  if (sender.spoke != 0) {
    if (segment.ack == sender.acknowledged) return TcpFate::take;
    return fits ? TcpFate::pass : TcpFate::unasked;
  }
  return acknowledges_syn(receiver, segment) ? TcpFate::take : TcpFate::unasked;
}

TcpFate judge_syn(const TcpWindow& window, const TcpSegment& segment, Direction direction,
                  SessionState state) {
  const TcpSide& sender = window.side[static_cast<unsigned>(direction)];
  const TcpSide& receiver = window.side[1 - static_cast<unsigned>(direction)];
  const bool is_answer = has(segment, RTE_TCP_ACK_FLAG);
  if (state != SessionState::opening) {
    if (!is_answer || is_tentative(window)) return TcpFate::pass;
    if (!fits_by_number(sender, receiver, segment)) return TcpFate::out_of_window;
    return fits_by_ack(sender, receiver, segment) ? TcpFate::pass : TcpFate::bad_ack;
  }
  if (is_answer) return judge_answer(sender, receiver, segment, direction);
  if (direction == Direction::forward) return receiver.spoke != 0 ? TcpFate::pass : TcpFate::take;
  return sender.known == 0 && receiver.known != 0 ? TcpFate::take : TcpFate::pass;
}

// A handshake that was seen from its begin. A responder that knows an older connection answers a SYN with a
// bare ACK, and the initiator that with a RST (RFC 9293 section 3.5.1).
TcpFate judge_unanswered(const TcpSegment& segment, Direction direction) {
  const bool is_challenge = direction == Direction::reply && segment.length == 0;
  return is_challenge ? TcpFate::pass : TcpFate::unasked;
}

inline void widen(TcpSide& side, std::uint32_t bytes) {
  const std::uint32_t units = (bytes + kWindowUnit - 1) / kWindowUnit;
  if (units > side.window) side.window = units & 0x7f'ffffu;
}

inline void extend(TcpSide& side, std::uint32_t end) {
  if (side.known == 0 || after(end, side.end)) side.end = end;
  if (side.known == 0) side.known = 1;  // written once: who reads the bits beside it would wait for the store
}

// Without an offer of its own a responder may make none (RFC 7323 section 1.3).
void offer_scale(TcpSide& sender, TcpSide& receiver, const TcpSegment& syn) {
  sender.scale = (syn.scale == 0 ? 1u : syn.scale) & 0xfu;
  if (syn.scale == 0) receiver.scale = 1;
}

inline void take_ack(TcpSide& sender, TcpSide& receiver, const TcpSegment& segment, std::uint32_t window) {
  // What a SYN offered may have been rounded down by the scale since.
  const std::uint32_t at_first = sender.spoke == 0 ? sender.window * kWindowUnit : 0;
  const std::uint32_t limit = segment.ack + std::max(window, at_first);
  if (sender.spoke == 0 || after(limit, receiver.limit)) receiver.limit = limit;
  if (sender.spoke == 0 || after(segment.ack, sender.acknowledged)) sender.acknowledged = segment.ack;
  if (sender.spoke == 0) sender.spoke = 1;
  if (receiver.known == 0 || (receiver.loose != 0 && after(segment.ack, receiver.end)))
    receiver.end = segment.ack;
  if (receiver.known == 0) receiver.known = 1;
}

inline void take_number_and_ack(TcpSide& sender, TcpSide& receiver, const TcpSegment& segment) {
  extend(sender, segment.end());
  if (!has(segment, RTE_TCP_ACK_FLAG)) return;
  const std::uint32_t offered = std::uint32_t{segment.window} << shift_of(sender);
  take_ack(sender, receiver, segment, offered);
  widen(sender, offered);
}

// Of a session that was found amid its life.
void begin_amid(TcpWindow& window, std::uint32_t scales) {
  window.side[0].scale = scales & 0xfu;
  window.side[1].scale = (scales >> 4) & 0xfu;
  for (TcpSide& side : window.side) side.loose = kSettlings;
}

void take_first_syn(TcpSide& sender, TcpSide& receiver, const TcpSegment& syn) {
  if (sender.known == 0) {
    sender.limit = syn.seq + 1;
    extend(sender, syn.end());
    offer_scale(sender, receiver, syn);
  } else if (syn.seq + 1 == sender.limit) {  // once more
    extend(sender, syn.end());
  } else {  // another one, or a forged one: the answer tells
    sender.loose = kSettlings;
  }
  if (syn.scale > sender.scale) sender.scale = syn.scale & 0xfu;
  widen(sender, syn.window);
}

void take_answer(TcpSide& sender, TcpSide& receiver, const TcpSegment& answer, Direction direction) {
  if (direction == Direction::reply) {
    sender.end = answer.end();
    sender.known = 1;
    if (answer.scale == 0)
      sender.scale = receiver.scale = 1;
    else if (sender.scale != 1)
      sender.scale = answer.scale & 0xfu;
    sender.spoke = 0;  // its numbers are those of this answer, whatever it seemed to have sent before
    const std::uint32_t reach = reach_of(receiver);
    if (receiver.loose != 0 &&
        (after(answer.ack, receiver.end + reach) || before(answer.ack, receiver.end - reach)))
      receiver.known = 0;
  }
  take_ack(sender, receiver, answer, answer.window);
  widen(sender, answer.window);
}

}  // namespace

namespace {

// `total`: octets of headers and segment, as the IP header says; `ip_headers`: in front of the segment.
TcpSegment read_segment(const rte_tcp_hdr& tcp, unsigned total, unsigned ip_headers) {
  const unsigned headers = ip_headers + (tcp.data_off >> 4) * 4u;
  const bool syn = (tcp.tcp_flags & RTE_TCP_SYN_FLAG) != 0;
  const unsigned fin = (tcp.tcp_flags & RTE_TCP_FIN_FLAG) != 0 ? 1 : 0;
  return {.seq = rte_be_to_cpu_32(tcp.sent_seq),
          .ack = rte_be_to_cpu_32(tcp.recv_ack),
          .length = (total > headers ? total - headers : 0) + (syn ? 1u : 0u) + fin,
          .window = rte_be_to_cpu_16(tcp.rx_win),
          .flags = tcp.tcp_flags,
          .scale = syn ? scale_option_of(tcp) : std::uint8_t{0}};
}

}  // namespace

TcpSegment segment_of(const rte_ipv4_hdr& ip, const rte_tcp_hdr& tcp) {
  return read_segment(tcp, rte_be_to_cpu_16(ip.total_length), (ip.version_ihl & 0xfu) * 4u);
}

TcpSegment segment_of(const Packet& packet) { return segment_of(*packet.ip, *packet.l4_as<rte_tcp_hdr>()); }

TcpSegment segment6_of(const Packet& packet) {
  const auto extensions =
      static_cast<unsigned>(packet.l4 - reinterpret_cast<const std::uint8_t*>(packet.ip6 + 1));
  return read_segment(*packet.l4_as<rte_tcp_hdr>(), rte_be_to_cpu_16(packet.ip6->payload_len), extensions);
}

TcpFate judge(const TcpWindow& window, const TcpSegment& segment, Direction direction, SessionState state) {
  if (has(segment, RTE_TCP_SYN_FLAG)) return judge_syn(window, segment, direction, state);
  const TcpSide& sender = window.side[static_cast<unsigned>(direction)];
  const TcpSide& receiver = window.side[1 - static_cast<unsigned>(direction)];
  const bool is_reset = has(segment, RTE_TCP_RST_FLAG);
  if (state == SessionState::opening) {
    if (is_reset) return TcpFate::pass;
    const auto& [initiator, responder] = window.side;
    if (initiator.known != 0 && initiator.loose == 0 && responder.known == 0)
      return judge_unanswered(segment, direction);
  }
  const bool number = fits_by_number(sender, receiver, segment);
  if (number && (is_reset || fits_by_ack(sender, receiver, segment)))
    return is_reset ? TcpFate::pass : TcpFate::take;
  if (is_tentative(window)) return is_reset ? TcpFate::pass : TcpFate::begin_anew;
  return number ? TcpFate::bad_ack : TcpFate::out_of_window;
}

bool is_confirmed(const TcpWindow& window, Direction direction) {
  const TcpSide& peer = window.side[1 - static_cast<unsigned>(direction)];
  return peer.spoke != 0 || (peer.known != 0 && peer.loose == 0);
}

bool is_exact_reset(const TcpWindow& window, const TcpSegment& segment, Direction direction,
                    SessionState state) {
  const TcpSide& sender = window.side[static_cast<unsigned>(direction)];
  const TcpSide& receiver = window.side[1 - static_cast<unsigned>(direction)];
  if (sender.known != 0 && segment.seq == sender.end) return true;
  if (receiver.spoke != 0 && segment.seq == receiver.acknowledged) return true;
  return state == SessionState::opening && sender.spoke == 0 && receiver.loose == 0 &&
         acknowledges_syn(receiver, segment);
}

void begin(TcpWindow& window, const TcpSegment& syn) {
  window = {};
  take_first_syn(window.side[0], window.side[1], syn);
}

void take(TcpWindow& window, const TcpSegment& segment, Direction direction, std::uint8_t scales,
          TcpFate fate) {
  TcpSide& sender = window.side[static_cast<unsigned>(direction)];
  TcpSide& receiver = window.side[1 - static_cast<unsigned>(direction)];
  if (fate == TcpFate::begin_anew) window = {};
  if (sender.known == 0 && receiver.known == 0) begin_amid(window, scales);
  if (has(segment, RTE_TCP_SYN_FLAG)) {
    if (has(segment, RTE_TCP_ACK_FLAG)) return take_answer(sender, receiver, segment, direction);
    return take_first_syn(sender, receiver, segment);
  }
  take_number_and_ack(sender, receiver, segment);
}

bool take_if_it_fits(TcpWindow& window, const TcpSegment& segment, Direction direction, std::uint8_t scales) {
  TcpSide& sender = window.side[static_cast<unsigned>(direction)];
  TcpSide& receiver = window.side[1 - static_cast<unsigned>(direction)];
  if (!fits_by_number(sender, receiver, segment) || !fits_by_ack(sender, receiver, segment)) return false;
  if (sender.known == 0 && receiver.known == 0) begin_amid(window, scales);
  take_number_and_ack(sender, receiver, segment);
  return true;
}

std::uint8_t scales_of(const TcpWindow& window) {
  return static_cast<std::uint8_t>(window.side[0].scale | window.side[1].scale << 4);
}

void settle(TcpWindow& window) {
  if (window.side[0].spoke == 0 || window.side[1].spoke == 0) return;
  for (TcpSide& side : window.side)
    if (side.loose != 0) side.loose = (side.loose - 1u) & 3u;
}

bool are_valid_flags(std::uint8_t flags) {
  constexpr unsigned kDecide = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_FIN_FLAG;
  switch (flags & kDecide) {
    case RTE_TCP_SYN_FLAG:
    case RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG:
    case RTE_TCP_ACK_FLAG:
    case RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG:
    case RTE_TCP_RST_FLAG:
    case RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG:
      return true;
    default:
      return false;
  }
}

}  // namespace stillwater::dataplane
