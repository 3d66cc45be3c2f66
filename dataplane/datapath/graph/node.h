// The nodes of the packet graph. One a file of its name under nodes/; each says where the packet goes next,
// or why it ends.
//
//   ethernet_input -+- arp_input
//                   +- ipv4_input -+- router:    ipv4_route -+- ipv4_forward -> Output
//                   |              |                         +- ipv4_local ---> Output
//                   |              +- firewall:  session_lookup -+- session_error ---+
//                   |                                            +- session_forward -+-> Output
//                   |                                            +- session_open ----+
//                   |                                            +- ipv4_local ------+
//                   +- ipv6_input -+- router:    ipv6_route -+- ipv6_forward -> Output
//                                  |                         +- ipv6_local -+-> Output
//                                  |                                        +- nd_input
//                                  +- firewall:  session6_lookup, and on as of IPv4
//
// What session_open finds to be for us goes on to ipv4_local. What NAT turns back (nat/session_way.h) goes
// from session_open, session_forward or session_error to session_lookup, once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stillwater::dataplane {

#define STILLWATER_NODES(X)                                                                 \
  X(ethernet_input, "VLAN, destination MAC and ethertype")                                  \
  X(arp_input, "answers for own addresses, learns neighbours (RFC 826, 5227)")              \
  X(ipv4_input, "checks the header, finds the route (RFC 1812 5.2)")                        \
  X(ipv4_route, "where the route leads")                                                    \
  X(ipv4_forward, "time to live, MTU, next hop (RFC 1812 5.3)")                             \
  X(ipv4_local, "for an own address: ICMP echo is answered")                                \
  X(ipv6_input, "checks the header, finds the route (RFC 8200 3)")                          \
  X(ipv6_route, "where the route leads")                                                    \
  X(ipv6_forward, "hop limit, MTU, next hop")                                               \
  X(ipv6_local, "for an own address: walks extension headers, ICMPv6 echo is answered")     \
  X(nd_input, "answers for own addresses, learns neighbours (RFC 4861)")                    \
  X(session_lookup, "finds the packet's session")                                           \
  X(session_open, "the first packet of a session: NAT and rules decide")                    \
  X(session_forward, "a packet of a known session: its state is tracked, it is translated") \
  X(session_error, "an ICMP error about a known session: both headers are translated back") \
  X(session6_lookup, "walks extension headers, finds the packet's session")                 \
  X(session6_open, "the first packet of a session: rules decide")                           \
  X(session6_forward, "a packet of a known session: its state is tracked")                  \
  X(session6_error, "an ICMPv6 error about a known session")

enum class Node : std::uint8_t {
#define X(name, about) name,
  STILLWATER_NODES(X)
#undef X
};

inline constexpr std::size_t kNodes = 0
#define X(name, about) +1
    STILLWATER_NODES(X)
#undef X
    ;

// As `stillwaterctl trace` names it, and in words.
[[nodiscard]] const char* name_of(Node node);
[[nodiscard]] const char* about(Node node);

}  // namespace stillwater::dataplane
