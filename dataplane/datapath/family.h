// What IPv4 and IPv6 have different, for the code of sessions, which is of both. Everything is known when it
// is compiled: no packet asks for its family.
#pragma once

#include <cstdint>

#include <netinet/in.h>

#include "ckpt_engine/region/session.h"
#include "dataplane/datapath/flow.h"
#include "dataplane/datapath/graph/node.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/tables/state.h"
#include "dataplane/datapath/tcp_window.h"

namespace stillwater::dataplane {

struct Ipv4 {
  using Key = region::FlowKey;
  using Session = region::Session;

  static constexpr bool kHasNat = true;
  static constexpr std::uint8_t kIcmp = IPPROTO_ICMP;
  static constexpr std::uint8_t kEchoRequest = icmp4::kEchoRequest;
  static constexpr std::uint8_t kEchoReply = icmp4::kEchoReply;
  static constexpr Node kOpen = Node::session_open;
  static constexpr Node kForward = Node::session_forward;
  static constexpr Node kError = Node::session_error;

  [[nodiscard]] static Sessions<Key>& sessions(State& state) { return state.sessions; }
  [[nodiscard]] static Key& key(Packet& packet) { return packet.key; }
  [[nodiscard]] static const Key& key(const Packet& packet) { return packet.key; }
  [[nodiscard]] static bool is_error(std::uint8_t icmp_type) { return quotes_a_packet(icmp_type); }
  [[nodiscard]] static TcpSegment segment(const Packet& packet) { return segment_of(packet); }
};

// Addresses are what they are: there is no NAT.
struct Ipv6 {
  using Key = region::FlowKey6;
  using Session = region::Session6;

  static constexpr bool kHasNat = false;
  static constexpr std::uint8_t kIcmp = IPPROTO_ICMPV6;
  static constexpr std::uint8_t kEchoRequest = icmp6::kEchoRequest;
  static constexpr std::uint8_t kEchoReply = icmp6::kEchoReply;
  static constexpr Node kOpen = Node::session6_open;
  static constexpr Node kForward = Node::session6_forward;
  static constexpr Node kError = Node::session6_error;

  [[nodiscard]] static Sessions<Key>& sessions(State& state) { return state.sessions6; }
  [[nodiscard]] static Key& key(Packet& packet) { return packet.key6; }
  [[nodiscard]] static const Key& key(const Packet& packet) { return packet.key6; }
  [[nodiscard]] static bool is_error(std::uint8_t icmp_type) { return icmp6::is_known_error(icmp_type); }
  [[nodiscard]] static TcpSegment segment(const Packet& packet) { return segment6_of(packet); }
};

}  // namespace stillwater::dataplane
