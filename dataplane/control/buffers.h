// The packet buffers of a dataplane.
#pragma once

#include <memory>

#include <rte_mempool.h>

#include "base/result.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

struct FreePool {
  void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
};
using BufferPool = std::unique_ptr<rte_mempool, FreePool>;

// Enough buffers that every ring, the hold buffer, the packets that wait for ARP, those between workers
// and in their hands can be full at once. Errors: resource_exhausted, naming the memory that is missing.
[[nodiscard]] Result<BufferPool> make_buffers(const Config& config);

}  // namespace stillwater::dataplane
