#include "quiesce/plugin/barrier_all_threads.h"

#include <atomic>

#include <linux/membarrier.h>
#include <sys/syscall.h>

#include <unistd.h>

namespace stillwater::quiesce::plugin {

bool enable_barriers() {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void barrier_all_threads() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace stillwater::quiesce::plugin
