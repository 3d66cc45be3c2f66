// Tells senders what became of their packets.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Whether the function tells senders of that, if it may be told at all. A firewall keeps silent, but for what
// the ends of an IPv6 path cannot do without, as nobody but them cuts packets (RFC 4890 section 4.3.1).
[[nodiscard]] bool tells_sender(const Context& context, const Packet& packet, const IcmpError& error);

// Sends an ICMP or ICMPv6 error about `packet`, whose IP header lies in its first segment, to its source:
// unless none may be sent about such a packet (RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 e), or too many
// were. Packet and mbuf stay the caller's.
void send_icmp_error(Context& context, const Packet& packet, const IcmpError& error);

}  // namespace stillwater::dataplane
