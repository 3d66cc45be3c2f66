// What a fragment says of itself and of its datagram.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include <rte_mbuf.h>

#include "base/ip_address.h"
#include "dataplane/datapath/drop_reason.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Fragments with equal keys are of one datagram (RFC 791 section 2.3, RFC 8200 section 4.5).
struct DatagramKey {
  IpAddress source;
  IpAddress destination;
  std::uint32_t identification_be = 0;
  PortIndex link = kAnyPort;  // where an address that is local to a link came from
  std::uint8_t version = 0;
  std::uint8_t protocol = 0;  // IPv4 alone has it in the key

  friend bool operator==(const DatagramKey&, const DatagramKey&) = default;
};
static_assert(sizeof(DatagramKey) == 40 && std::is_trivially_copyable_v<DatagramKey>);  // hashed as bytes

struct FragmentFields {
  DatagramKey key;
  std::uint32_t begin = 0;  // of the datagram's payload
  std::uint32_t end = 0;
  bool more = false;             // behind `end`
  std::uint8_t ecn = 0;          // RFC 3168 section 5
  std::uint16_t payload_at = 0;  // of the frame

  [[nodiscard]] std::uint32_t bytes() const { return end - begin; }
  // Not a fragment of anything. In IPv6 it has a Fragment header all the same (RFC 6946).
  [[nodiscard]] bool is_whole() const { return begin == 0 && !more; }
};

// An ICMPv6 message of type 4: the byte of the IPv6 packet that is wrong.
struct ParameterProblem {
  std::uint8_t code;
  std::uint32_t pointer;
};

struct Refusal {
  DropReason why;
  std::optional<ParameterProblem> tell{};  // what its source is to be told, if anything
};

// Both read nothing outside the frame's first segment, in which all headers have to lie, and cut link padding
// off. A refusal: the fragment is of no use, whatever else arrives. Of IPv4 the header's checksum is the
// caller's to check, in both families the addresses are.
[[nodiscard]] std::optional<Refusal> read_ipv4_fragment(rte_mbuf& frame, FragmentFields& fields);
// The Fragment header is found behind options and routing headers. An IPv6 first fragment has all of the
// headers (RFC 7112).
[[nodiscard]] std::optional<Refusal> read_ipv6_fragment(rte_mbuf& frame, PortIndex in_port,
                                                        FragmentFields& fields);

// Turn the first fragment's headers, whose frame ends with the datagram now, into the datagram's. False: it
// would be longer than any.
[[nodiscard]] bool make_whole_ipv4(rte_mbuf& frame, bool congested);
[[nodiscard]] bool make_whole_ipv6(rte_mbuf& frame, bool congested);

}  // namespace stillwater::dataplane
