#include "ckpt_engine/region/region.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include <sys/mman.h>

#include <xxhash.h>

namespace stillwater::region {
namespace {

constexpr std::uint64_t kHugePageBytes = 2u << 20;
constexpr int kMadvCollapse = 25;  // Linux 6.1; newer than Debian 12's headers

std::uint64_t round_up_to_page(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

tl::unexpected<Error> no_memory(std::uint64_t size, int error_number) {
  return fail_errno("cannot map the state region of " + std::to_string(size >> 20) + " MiB", error_number);
}

// Nodes map their regions at addresses that differ, so that a pointer kept in one shows itself at once. All
// in a range that the address sanitizer and the thread sanitizer both leave to the program (1.5 TiB).
Result<std::byte*> map_at_random_address(int fd, std::uint64_t size) {
  std::random_device entropy;
  std::uniform_int_distribution<std::uint64_t> place(0x5500'0000'0000 / kHugePageBytes,
                                                     (0x5680'0000'0000 - size) / kHugePageBytes);
  for (int attempt = 0; attempt < 16; ++attempt) {
    void* wanted = reinterpret_cast<void*>(place(entropy) * kHugePageBytes);
    void* got = mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    if (got == wanted) return static_cast<std::byte*>(got);
    if (got != MAP_FAILED)
      munmap(got, size);
    else if (errno != EEXIST)
      break;
  }
  return no_memory(size, errno);
}

// In 2 MiB pages where the kernel has them to give: it is asked to make one of each 2 MiB that have a page
// already. They need no reserve and no setting, and a tracker of pages may split them again. The rest, or all
// of it, lies in ordinary pages.
Status populate(std::byte* base, std::uint64_t size) {
  const std::uint64_t whole = size / kHugePageBytes * kHugePageBytes;
  for (std::uint64_t offset = 0; offset < whole; offset += kHugePageBytes) base[offset] = std::byte{0};
  if (whole > 0) madvise(base, whole, kMadvCollapse);
  if (madvise(base, size, MADV_POPULATE_WRITE) != 0) return no_memory(size, errno);
  return {};
}

}  // namespace

Layout& Layout::add(std::string_view name, StateClass state_class, std::uint64_t bytes,
                    std::uint32_t record_bytes) {
  RootEntry entry{};
  name.copy(entry.name.data(), entry.name.size() - 1);
  entry.bytes = round_up_to_page(bytes);
  entry.state_class = state_class;
  entry.record_bytes = record_bytes;
  roots_.push_back(entry);
  return *this;
}

Result<std::unique_ptr<Region>> Region::create(const Layout& layout) {
  std::vector<RootEntry> roots = layout.roots();
  if (roots.size() > kRootsMax)
    return fail(Errc::invalid_argument, "a region holds at most " + std::to_string(kRootsMax) + " roots");
  std::stable_sort(roots.begin(), roots.end(),
                   [](const RootEntry& a, const RootEntry& b) { return a.state_class < b.state_class; });
  std::uint64_t offset = kDataOffset;
  std::uint64_t soft_begin = 0;
  for (RootEntry& root : roots) {
    if (std::count_if(roots.begin(), roots.end(), [&](const RootEntry& r) { return r.name == root.name; }) >
        1)
      return fail(Errc::invalid_argument, std::string("two roots are named ") + root.name.data());
    if (root.state_class == StateClass::soft && soft_begin == 0) soft_begin = offset;
    root.offset = offset;
    offset += root.bytes;
  }
  const std::uint64_t size = offset;

  UniqueFd fd(memfd_create("stillwater-region", MFD_CLOEXEC));
  if (!fd) return fail_errno("cannot make the state region", errno);
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    return fail_errno("cannot size the state region", errno);
  auto base = map_at_random_address(fd.get(), size);
  if (!base) return tl::unexpected(base.error());
  std::unique_ptr<Region> region(new Region(std::move(fd), *base, size));
  if (Status populated = populate(*base, size); !populated) return tl::unexpected(populated.error());

  auto* header = reinterpret_cast<RegionHeader*>(*base);
  header->magic = kMagic;
  header->format_version = kFormatVersion;
  header->root_count = static_cast<std::uint32_t>(roots.size());
  header->size_bytes = size;
  header->soft_begin = soft_begin == 0 ? size : soft_begin;
  std::copy(roots.begin(), roots.end(), header->roots);
  header->layout_digest = XXH3_64bits(header->roots, sizeof(header->roots));
  return region;
}

Region::Region(UniqueFd fd, std::byte* base, std::uint64_t size)
    : fd_(std::move(fd)), base_(base), size_(size), header_(reinterpret_cast<RegionHeader*>(base)) {}

Region::~Region() { munmap(base_, size_); }

Root Region::root(std::string_view name) const {
  for (std::uint32_t i = 0; i < header_->root_count; ++i) {
    const RootEntry& entry = header_->roots[i];
    if (name == entry.name.data()) return {base_ + entry.offset, entry.offset, entry.bytes};
  }
  std::abort();
}

// A new term does not touch the id: workers hash by it while it is told.
void Region::set_identity(const RegionId& id, std::uint64_t term) {
  if (header_->region_id != id) header_->region_id = id;
  std::atomic_ref(header_->term).store(term, std::memory_order_relaxed);
}

// Relaxed: the stamp's fields are values to read, they publish nothing else.
void Region::set_epoch(std::uint64_t epoch) {
  std::atomic_ref(header_->epoch).store(epoch, std::memory_order_relaxed);
}

void Region::set_config_generation(std::uint64_t generation) {
  std::atomic_ref(header_->config_generation).store(generation, std::memory_order_relaxed);
}

void Region::set_region_now(Nanos region_now) {
  std::atomic_ref(header_->region_now_ns).store(region_now.count(), std::memory_order_relaxed);
}

Nanos Region::region_now() const {
  return Nanos(std::atomic_ref(header_->region_now_ns).load(std::memory_order_relaxed));
}

void Region::clear() {
  std::memset(base_ + kDataOffset, 0, size_ - kDataOffset);
  disown();
}

void Region::disown() {
  set_identity(RegionId{}, 0);
  set_epoch(0);
  set_config_generation(0);
  set_region_now(Nanos(0));
}

}  // namespace stillwater::region
