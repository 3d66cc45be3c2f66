// Memory for tables that are read at random places: in huge pages, where the system has them to give.
#pragma once

#include <cstddef>
#include <new>

#include <sys/mman.h>

namespace stillwater {

// For std::vector and the like. Many small pages cost such a table a walk of the page tables at most lookups.
template <class T>
struct HugePageAllocator {
  using value_type = T;

  HugePageAllocator() = default;
  template <class U>
  HugePageAllocator(const HugePageAllocator<U>&) {}

  [[nodiscard]] T* allocate(std::size_t n) {
    void* at = mmap(nullptr, n * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    madvise(at, n * sizeof(T), MADV_HUGEPAGE);
    return static_cast<T*>(at);
  }
  void deallocate(T* at, std::size_t n) { munmap(at, n * sizeof(T)); }

  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) { return true; }
};

}  // namespace stillwater
