// The records of a session: what both nodes know of one flow.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ckpt_engine/region/format.h"

namespace stillwater::region {

// An IPv4 flow in one direction. Addresses and ports as on the wire; for ICMP echo both ports are the
// identifier; protocols without ports have 0.
struct FlowKey {
  static constexpr const char* kSessionRoots = "sessions";

  std::uint32_t source_be = 0;
  std::uint32_t destination_be = 0;
  std::uint16_t source_port_be = 0;
  std::uint16_t destination_port_be = 0;
  std::uint8_t protocol = 0;
  std::uint8_t zero[3] = {};

  friend bool operator==(const FlowKey& a, const FlowKey& b) {
    return std::memcmp(&a, &b, sizeof(FlowKey)) == 0;
  }
};
static_assert(sizeof(FlowKey) == 16 && std::has_unique_object_representations_v<FlowKey>);

// An IPv6 flow in one direction; otherwise as FlowKey.
struct FlowKey6 {
  static constexpr const char* kSessionRoots = "sessions6";

  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};
  std::uint16_t source_port_be = 0;
  std::uint16_t destination_port_be = 0;
  std::uint8_t protocol = 0;
  std::uint8_t zero[3] = {};

  friend bool operator==(const FlowKey6& a, const FlowKey6& b) {
    return std::memcmp(&a, &b, sizeof(FlowKey6)) == 0;
  }
};
static_assert(sizeof(FlowKey6) == 40 && std::has_unique_object_representations_v<FlowKey6>);

enum class SessionState : std::uint8_t {
  free = 0,
  opening,      // TCP: SYN seen; others: one direction seen
  established,  // TCP: both SYNs acknowledged; others: both directions seen
  closing,      // TCP: FIN or RST seen
};

// Hard: every field here decides what a peer is told. Whole lines: one for IPv4, two for IPv6.
template <class Key>
struct alignas(kLineBytes) BasicSession {
  static constexpr StateClass kStateClass = StateClass::hard;

  std::uint64_t changed_epoch;  // epoch of the last write; packets that read this session depend on it
  Key forward;                  // as the initiator sends
  Key reply;                    // as the answer arrives; differs from `forward` reversed by the translation
  std::int64_t created_ns;      // region time
  std::uint32_t rule_id;
  std::uint32_t config_generation;  // under which the rule admitted it
  union {
    std::uint32_t next_free;   // slot + 1, while free
    std::uint32_t tcp_scales;  // in use: shift and one of the windows' scales, 0: not known;
                               // bits 0..3 the initiator's, bits 4..7 the responder's (RFC 7323)
  };
  SessionState state;
  std::uint8_t tcp_ended;       // by a FIN: bit 0 the initiator's way, bit 1 the responder's; by a reset both
  std::uint8_t initiator_port;  // index of the port that the initiator's packets arrive at
  std::uint8_t responder_port;  // index of the port that the responder's packets arrive at
};
using Session = BasicSession<FlowKey>;
using Session6 = BasicSession<FlowKey6>;
static_assert(sizeof(Session) == kLineBytes && std::is_trivially_copyable_v<Session>);
static_assert(sizeof(Session6) == 2 * kLineBytes && std::is_trivially_copyable_v<Session6>);

// Soft: when the session last saw a packet. An epoch's staleness makes it look idle for longer than it was;
// a takeover raises time-outs by more than that. Moves in steps of 8 s, so that steady traffic dirties a
// line once in 8 s.
struct SessionSeen {
  static constexpr StateClass kStateClass = StateClass::soft;
  static constexpr std::uint32_t kStepSeconds = 8;

  std::uint32_t last_seen_s;  // region time
};
static_assert(sizeof(SessionSeen) == 4);

}  // namespace stillwater::region
