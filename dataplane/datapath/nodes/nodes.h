// The packet graph. One node a file; each says where the packet goes next, or why it ends.
//
//   ethernet_input -+- arp_input
//                   +- ipv4_input -+- icmp_error ---------+
//                                  +- session_forward ----+- forward -> Output
//                                  +- session_open -------+
//                                  +- local_input ----------------------> Output
#pragma once

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Demultiplexes by destination MAC and ethertype.
[[nodiscard]] Verdict ethernet_input(Context& context, Packet& packet);

// Answers requests for own addresses; learns neighbours from requests to us and from answers we wait for.
[[nodiscard]] Verdict arp_input(Context& context, Packet& packet);

// Checks the header and finds the packet's session.
[[nodiscard]] Verdict ipv4_input(Context& context, Packet& packet);

// A packet of a known session: tracks its state, translates it.
[[nodiscard]] Verdict session_forward(Context& context, Packet& packet, region::SessionTable::Match match);

// The first packet of a session: rules decide, source NAT binds.
[[nodiscard]] Verdict session_open(Context& context, Packet& packet, const Adjacency& route);

// An ICMP error about a packet of a known session: both headers in it are translated back.
[[nodiscard]] Verdict icmp_error(Context& context, Packet& packet);

// For an own address: ICMP echo is answered.
[[nodiscard]] Verdict local_input(Context& context, Packet& packet);

// Sends the packet on along `route` towards `destination_be`: time to live, MTU, next hop. Changes the packet
// only if it can go.
[[nodiscard]] Verdict forward(const Context& context, Packet& packet, const Adjacency& route,
                              std::uint32_t destination_be);

}  // namespace stillwater::dataplane
