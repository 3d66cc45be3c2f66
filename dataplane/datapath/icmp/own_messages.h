// The errors of one family: when there may be one, and what it says. For icmp_errors.cc.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Both read the packet's own headers only.
[[nodiscard]] bool may_be_told_4(const Packet& packet);
[[nodiscard]] bool may_be_told_6(const Packet& packet, const IcmpError& error);

// Nothing is sent where no route leads to the packet's source.
void send_icmp4_error(Context& context, const Packet& packet, const IcmpError& error);
void send_icmp6_error(Context& context, const Packet& packet, const IcmpError& error);

// Copies the first bytes of `packet` from its IP header on, whatever segments they lie in, to the end of
// `message`: at most `bytes`, and no link padding. How many.
std::uint16_t quote(const Packet& packet, std::uint16_t bytes, rte_mbuf& message);

}  // namespace stillwater::dataplane
