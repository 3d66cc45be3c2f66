// DPDK's own forwarder, as the peer of a run.
#pragma once

#include <string>

#include "base/result.h"

namespace stillwater::bench {

// Millions of packets a second that dpdk-testpmd forwards on one core between two ports of `device`
// ("net_null" or "net_ring"), all ports summed, in that mode: the median of `seconds` seconds. Errors:
// unavailable (it is not installed, or does not say its rates).
[[nodiscard]] Result<double> testpmd_mpps(const std::string& device, const std::string& mode,
                                          unsigned seconds, bool hugepages);

}  // namespace stillwater::bench
