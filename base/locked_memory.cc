#include "base/locked_memory.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <sys/resource.h>

namespace stillwater {

std::string lock_limit_text() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "unlimited";
  return std::to_string(limit.rlim_cur >> 10) + " KiB";
}

Result<LockedMemory> LockedMemory::create(std::size_t bytes, const std::string& what_for) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return fail_errno("cannot reserve memory for " + what_for, errno);
  madvise(at, bytes, MADV_HUGEPAGE);  // where there are such pages, lines at random places miss the TLB less
  madvise(at, bytes, MADV_POPULATE_WRITE);
  LockedMemory memory(static_cast<std::byte*>(at), bytes);
  if (mlock(at, bytes) != 0)
    memory.locked_ = fail(Errc::resource_exhausted, "cannot lock " + std::to_string(bytes >> 10) +
                                                        " KiB for " + what_for + " (" + std::strerror(errno) +
                                                        "; limit of locked memory: " + lock_limit_text() +
                                                        "): raise LimitMEMLOCK, else a pause may wait "
                                                        "for what was swapped out");
  return memory;
}

LockedMemory::LockedMemory(LockedMemory&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      bytes_(other.bytes_),
      locked_(std::move(other.locked_)) {}

LockedMemory::~LockedMemory() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

}  // namespace stillwater
