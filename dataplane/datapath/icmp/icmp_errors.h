// Tells senders what became of their packets.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Sends an ICMP or ICMPv6 error about `packet`, whose IP header lies in its first segment, to its source:
// unless none may be sent about such a packet (RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 e), or too many
// were. Packet and mbuf stay the caller's.
void send_icmp_error(Context& context, const Packet& packet, const IcmpError& error);

}  // namespace stillwater::dataplane
