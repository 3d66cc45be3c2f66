// Packets that are out of the mempools they came from.
#pragma once

#include <cstdint>
#include <vector>

namespace stillwater::quiesce::plugin {

// In use among those of `pools` that still exist. The count is a sum of parts that move: it may err while
// threads free packets. Any thread but one that holds DPDK's mempool lock.
[[nodiscard]] std::uint64_t packets_in_use(const std::vector<const void*>& pools);

}  // namespace stillwater::quiesce::plugin
