// Frames of packets that are given by their fields.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataplane/datapath/tables/service_port.h"
#include "dataplane/trace.h"

namespace stillwater::dataplane {

// As the packet comes from the wire to `port`, with right lengths and checksums. Errors: invalid_argument.
[[nodiscard]] Result<std::vector<std::uint8_t>> frame_of(const TracePacket& packet, const ServicePort& port);

}  // namespace stillwater::dataplane
