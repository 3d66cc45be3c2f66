#include "quiesce/plugin/pools.h"

#include <algorithm>

#include <rte_mempool.h>

namespace stillwater::quiesce::plugin {
namespace {

struct Count {
  const std::vector<const void*>& pools;
  std::uint64_t in_use = 0;
};

void add(rte_mempool* pool, void* argument) {
  auto& count = *static_cast<Count*>(argument);
  if (std::ranges::find(count.pools, pool) == count.pools.end()) return;
  count.in_use += pool->size - std::min(pool->size, rte_mempool_avail_count(pool));
}

}  // namespace

std::uint64_t packets_in_use(const std::vector<const void*>& pools) {
  Count count{pools};
  // A pool may have been freed since its packet was seen: none is touched that the walk does not show, and
  // the walk keeps it.
  if (!pools.empty()) rte_mempool_walk(&add, &count);
  return count.in_use;
}

}  // namespace stillwater::quiesce::plugin
