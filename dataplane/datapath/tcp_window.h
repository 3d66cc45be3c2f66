// Where the windows of a TCP session are, as its segments told (RFC 9293 sections 3.4 and 3.10.7, RFC 7323),
// and what becomes of a segment by them (RFC 5961).
#pragma once

#include <cstdint>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "ckpt_engine/region/session_table.h"

namespace stillwater::dataplane {

struct Packet;

// What one endpoint's segments told.
struct TcpSide {
  std::uint32_t end = 0;  // the sequence number after the last one that it sent; if `known`
  // Up to which its peer lets it send: the peer's ACK and window, once the peer spoke. Before that: what an
  // answer to its SYN has to acknowledge at least.
  std::uint32_t limit = 0;
  std::uint32_t acknowledged = 0;  // what it expects of its peer next; if `spoke`
  std::uint32_t window : 23 = 0;   // the largest that it has offered, scaled, in units of 128
  std::uint32_t scale : 4 = 0;     // shift of its windows, and one (RFC 7323); 0: not known, so the largest
  std::uint32_t known : 1 = 0;
  std::uint32_t spoke : 1 = 0;  // a segment with an ACK was taken
  // Not 0: its session was found amid its life, so it may have sent more, and offered more, than was seen.
  // That costs what the checks are worth: they allow the largest windows of its scale, twice. 0 again after
  // some minutes, see settle().
  std::uint32_t loose : 2 = 0;
};

// Soft, by slot, not in the region: a successor knows nothing of it, and takes each side's first segments at
// their word. Until both sides spoke it is tentative: a segment that does not fit is not dropped, but begins
// it anew. So a forged one harms nobody, unless it comes first after a takeover, and one the other way that
// fits comes second.
struct alignas(32) TcpWindow {
  TcpSide side[2]{};  // by the direction of what it sends
};
static_assert(sizeof(TcpWindow) == 32);

// What of a segment counts here. Numbers in host byte order.
struct TcpSegment {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint32_t length = 0;  // of the sequence space: data, SYN and FIN
  std::uint16_t window = 0;  // as in the header
  std::uint8_t flags = 0;
  std::uint8_t scale = 0;  // of a SYN with a window scale option: its shift and one, 1..15; else 0

  [[nodiscard]] std::uint32_t end() const { return seq + length; }
};
// Of a packet that parse_flow has read as TCP.
[[nodiscard]] TcpSegment segment_of(const Packet& packet);
// The same of its headers, which are valid.
[[nodiscard]] TcpSegment segment_of(const rte_ipv4_hdr& ip, const rte_tcp_hdr& tcp);
[[nodiscard]] TcpSegment segment6_of(const Packet& packet);  // by parse_flow6

enum class TcpFate : std::uint8_t {
  take,           // it goes on, and tells where windows are
  begin_anew,     // the same, and what was known was wrong
  pass,           // it goes on, and tells nothing: its receiver knows what to make of it
  out_of_window,  // its numbers are beyond what its sender may send, or long past
  bad_ack,        // it acknowledges what was never sent, or is long past
  unasked,        // it answers no SYN, or comes before an answer
};

// What becomes of a segment of a session in this state. SYN of an established session: it goes on, and the
// receiver's challenge tells its sender (RFC 5961 section 4). RST: by its number alone; whether it ends the
// session is is_exact_reset's to say.
[[nodiscard]] TcpFate judge(const TcpWindow& window, const TcpSegment& segment, region::Direction direction,
                            region::SessionState state);

// Whether a FIN of this direction, that fits, can be believed: not by its own side's word alone.
[[nodiscard]] bool is_confirmed(const TcpWindow& window, region::Direction direction);

// Whether a RST has the very number that its receiver expects, or that its sender has come to, or is the
// answer to a SYN that it acknowledges (RFC 9293 section 3.10.7.3): only such a one ends the session here.
// Any other goes on to its receiver, which challenges it; the challenge says what is expected, and the
// sender's next RST is exact (RFC 5961 section 3).
[[nodiscard]] bool is_exact_reset(const TcpWindow& window, const TcpSegment& segment,
                                  region::Direction direction, region::SessionState state);

// The SYN that opens the session.
void begin(TcpWindow& window, const TcpSegment& syn);
// A segment whose fate is `take`, or `begin_anew`. `scales`: what the session says of them, for windows that
// are not known.
void take(TcpWindow& window, const TcpSegment& segment, region::Direction direction, std::uint8_t scales,
          TcpFate fate);

// Of a session that is established, and a segment without SYN, FIN and RST: judges it, and takes it if that
// is its fate. False: it is not, and nothing was changed.
[[nodiscard]] bool take_if_it_fits(TcpWindow& window, const TcpSegment& segment, region::Direction direction,
                                   std::uint8_t scales);

// Both sides' scales, for Session::tcp_scales.
[[nodiscard]] std::uint8_t scales_of(const TcpWindow& window);

// Once in some minutes: whatever was on its way when a loose side was first seen is gone by the second time
// (two minutes are a segment's longest life, RFC 9293 section 3.4.2).
void settle(TcpWindow& window);

// Flags that a segment can have: SYN, RST or neither; FIN only with ACK; an ACK in all but SYN and RST.
[[nodiscard]] bool are_valid_flags(std::uint8_t flags);

}  // namespace stillwater::dataplane
