// Tells senders that a rule rejects what they sent.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Sends a reset to whoever sent a TCP segment (RFC 9293 section 3.10.7.1), an ICMP error "administratively
// prohibited" about anything else (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1), in the name of the
// destination and of a port. Both at the rate of errors, and none about what none may be sent about. What the
// packet in hand depends on holds what is sent. Packet and mbuf stay the caller's.
void tell_rejected(Context& context, const Packet& packet);

}  // namespace stillwater::dataplane
