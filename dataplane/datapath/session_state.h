// Session states and their time-outs. Whether a segment belongs to its session at all: tcp_window.h.
#pragma once

#include <cstdint>

#include "ckpt_engine/region/session.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

constexpr std::uint8_t kBothEnded = 3;

// The part of a session that its packets move. Only a change of it is worth a hard write.
struct Progress {
  region::SessionState state;
  std::uint8_t ended;  // by a FIN: bit 0 the initiator's way, bit 1 the responder's; by a reset both

  [[nodiscard]] bool both_ended() const { return ended == kBothEnded; }
  friend bool operator==(const Progress&, const Progress&) = default;
};

// What beside its flags decides what a TCP segment changes.
struct TcpEvidence {
  bool responder_answered = false;  // a SYN of the responder was seen before
  bool exact_reset = false;         // a RST that its receiver cannot but believe (tcp_window.h)
};
// Progress after a TCP segment. A session is ended by an exact RST only.
[[nodiscard]] Progress after_tcp(Progress before, region::Direction direction, std::uint8_t tcp_flags,
                                 TcpEvidence evidence);
// Progress after a packet of UDP or ICMP.
[[nodiscard]] Progress after_datagram(Progress before, region::Direction direction);

// SYN without ACK, RST or FIN: the only segment that opens a session.
[[nodiscard]] bool opens_session(std::uint8_t tcp_flags);
// SYN and ACK: the responder's half of the handshake.
[[nodiscard]] bool answers_session(std::uint8_t tcp_flags);

// TCP, and nothing is to come any more.
template <class Key>
[[nodiscard]] bool is_closed(const region::BasicSession<Key>& session) {
  return session.state == region::SessionState::closing && session.tcp_ended == kBothEnded;
}
// How long a session in this state may be idle. `by_rule_s`: as the rule says that admitted it, 0 if it does
// not; of TCP this is said of established sessions, since those that open or close are to make room.
template <class Key>
[[nodiscard]] std::uint32_t timeout_s(const region::BasicSession<Key>& session, const TimeoutConfig& timeouts,
                                      std::uint32_t by_rule_s = 0);

}  // namespace stillwater::dataplane
