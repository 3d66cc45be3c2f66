// What a packet would meet in a running dataplane: the question and the answer, as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

// A packet by its fields. It is right in every other respect: lengths, checksums, the port's own MAC as its
// destination. Ports, type and code count where the protocol has them.
struct TracePacket {
  IpAddress source{};
  IpAddress destination{};     // of the source's family
  std::uint8_t protocol = 17;  // IANA's number: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t tcp_flags = 0x02;  // as in the header: SYN
  std::uint8_t icmp_type = 8;     // an ICMP echo request; of ICMPv6 that is 128
  std::uint8_t icmp_code = 0;
  std::uint16_t icmp_identifier = 1;
  std::uint16_t payload_bytes = 0;         // behind all headers
  std::uint8_t ttl = 64;                   // or hop limit: 1..255
  std::uint8_t dscp = 0;                   // 0..63
  bool dont_fragment = false;              // of IPv4
  std::optional<MacAddress> source_mac{};  // else one that nobody has
};

// An Ethernet frame as it comes from the wire, with its VLAN's tag, without its check sequence.
using TraceFrameBytes = std::vector<std::uint8_t>;

struct TraceRequest {
  static constexpr std::size_t kFrameMin = 14;
  static constexpr std::size_t kFrameMax = 9216;

  // By name: where the packet arrives. One by its fields gets the tag of a VLAN; a frame arrives at the
  // device of the port, and its own tag says for which VLAN.
  std::string port;
  // Invalid: fields out of their range, addresses of two families, a frame of fewer than kFrameMin or more
  // than kFrameMax octets, or longer than any that the ports receive.
  std::variant<TracePacket, TraceFrameBytes> packet;
};

// A node of the packet graph on the packet's way.
struct TraceStep {
  std::string node{};                // as dataplane/datapath/graph/node.h names it
  std::string about{};               // what it does
  std::vector<std::string> notes{};  // what it found
};

// A frame that would leave.
struct TraceFrame {
  std::string port;
  std::optional<IpAddress> next_hop{};  // none: it answers its asker on the link (ARP, neighbour discovery)
  std::optional<MacAddress> mac{};  // where it goes; none: it waits while next_hop is asked for by ARP or ND
  bool waits_for_commit = false;    // it is held until the standby has what it depends on
  std::string dropped{};  // the reason why it would not leave after all, for want of room to wait; else empty
  std::vector<std::uint8_t> bytes{};  // as it leaves, with its tag; without `mac` its destination is zero
};

// The ICMP or ICMPv6 error, by its source's family, about a packet that is refused.
struct TraceError {
  IpAddress to{};
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;  // the header's second word: an MTU, a pointer
  std::string words{};
  bool told = false;      // it is the one frame that leaves
  std::string why_not{};  // where it is not told
};

struct Trace {
  enum class End : std::uint8_t {
    output,  // it leaves as frames[0], or in pieces
    taken,   // a node keeps it, or has answered it with `frames`
    drop,
    refused,  // dropped, and its sender is told, as far as may be
  };

  unsigned worker = 0;  // that the packet belongs to
  std::vector<TraceStep> steps{};
  End end = End::drop;
  std::string words{};   // the end in a sentence
  std::string reason{};  // of drop and refused: the name under which it would be counted; else empty
  std::optional<TraceError> error{};  // of refused
  std::vector<TraceFrame> frames{};
};

[[nodiscard]] const char* name_of(Trace::End end);

}  // namespace stillwater::dataplane
