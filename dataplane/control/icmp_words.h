// ICMP and ICMPv6 errors in words.
#pragma once

#include <string>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// "ICMP 3/4, fragmentation needed, MTU 1400".
[[nodiscard]] std::string icmp_words(bool is_v4, const IcmpError& error);

}  // namespace stillwater::dataplane
