// Options of IPv4 headers (RFC 791 section 3.1).
#pragma once

#include <optional>

#include <rte_ip.h>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// What becomes of a packet because of its options; none: it goes on with them as they are. Source routes end
// here (RFC 7126 sections 4.3 and 4.4); options that nobody here knows pass (RFC 1812 section 5.2.4). The
// header's length was checked.
[[nodiscard]] std::optional<Verdict> check_options(const rte_ipv4_hdr& ip);

}  // namespace stillwater::dataplane
