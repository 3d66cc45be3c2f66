// A low limit of locked memory, as a service has it that nobody configured.
#pragma once

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <unistd.h>

namespace stillwater::tests {

// This thread may lock `bytes` at most for as long as this lives, whoever runs it.
class LockLimit {
 public:
  explicit LockLimit(rlim_t bytes) : bytes_(bytes) {
    getrlimit(RLIMIT_MEMLOCK, &before_);
    syscall(SYS_capget, &header_, capabilities_);
    __user_cap_data_struct without[2] = {capabilities_[0], capabilities_[1]};
    without[0].effective &= ~(1u << CAP_IPC_LOCK);
    syscall(SYS_capset, &header_, without);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &limit);
  }
  ~LockLimit() {
    setrlimit(RLIMIT_MEMLOCK, &before_);
    syscall(SYS_capset, &header_, capabilities_);
  }

  // Under a sanitizer that makes mlock do nothing there is no limit to see.
  [[nodiscard]] bool bites() const {
    void* memory = mmap(nullptr, 2 * bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool refused = mlock(memory, 2 * bytes_) != 0;
    munmap(memory, 2 * bytes_);
    return refused;
  }

 private:
  rlim_t bytes_;
  rlimit before_{};
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct capabilities_[2]{};
};

}  // namespace stillwater::tests
