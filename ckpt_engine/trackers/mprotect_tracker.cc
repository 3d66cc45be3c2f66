#include "ckpt_engine/trackers/mprotect_tracker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include <sys/mman.h>

#include "ckpt_engine/trackers/small_pages.h"

namespace stillwater::trackers {
namespace {

using region::kPageBytes;

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<MprotectTracker*>::is_always_lock_free,
              "the signal handler may not lock");

std::array<std::atomic<MprotectTracker*>, MprotectTracker::kTrackersMax>
    trackers_in_use{};       // writers: control
struct sigaction former {};  // written while no tracker is in use
std::mutex handler_mutex;    // over taking and giving back the signal; never locked by the handler

// What would have happened without us. The default action is taken when the handler returns.
void pass_on(int signal, siginfo_t* info, void* context) {
  if ((former.sa_flags & SA_SIGINFO) != 0) return former.sa_sigaction(signal, info, context);
  if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) return former.sa_handler(signal);
  struct sigaction die {};
  die.sa_handler = SIG_DFL;
  sigaction(signal, &die, nullptr);
  raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int errno_before = errno;
  bool handled = false;
  if (info->si_code == SEGV_ACCERR)
    for (const auto& entry : trackers_in_use) {
      MprotectTracker* tracker = entry.load();
      handled = handled || (tracker != nullptr && tracker->handle_write(info->si_addr));
    }
  errno = errno_before;
  if (!handled) pass_on(signal, info, context);
}

bool none_in_use() {
  return std::ranges::all_of(trackers_in_use, [](const auto& entry) { return entry.load() == nullptr; });
}

Status enlist(MprotectTracker& tracker) {
  const std::lock_guard lock(handler_mutex);
  if (none_in_use()) {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    if (sigaction(SIGSEGV, &action, &former) != 0)
      return fail_errno("mprotect: cannot handle SIGSEGV", errno);
  }
  for (auto& entry : trackers_in_use)
    if (entry.load() == nullptr) {
      entry = &tracker;
      return {};
    }
  return fail(Errc::unavailable, "mprotect: too many trackers in one process");
}

// Somebody may have taken the signal after us; then it stays theirs.
void delist(const MprotectTracker& tracker) {
  const std::lock_guard lock(handler_mutex);
  const auto entry = std::ranges::find_if(trackers_in_use, [&](auto& e) { return e.load() == &tracker; });
  if (entry == trackers_in_use.end()) return;
  *entry = nullptr;
  struct sigaction now {};
  if (none_in_use() && sigaction(SIGSEGV, nullptr, &now) == 0 && now.sa_sigaction == on_fault)
    sigaction(SIGSEGV, &former, nullptr);
}

}  // namespace

MprotectTracker::MprotectTracker(const region::Region& region, Marks marks)
    : TrackerBase(region, std::move(marks)),
      base_(region.base()),
      hard_(region.base() + region::kDataOffset),
      pages_((region.soft_begin() - region::kDataOffset) / kPageBytes),
      is_listed_(new std::atomic<bool>[pages_] {}),
      list_(new std::uint32_t[pages_]) {}

Result<std::unique_ptr<MprotectTracker>> MprotectTracker::create(const region::Region& region, Marks marks) {
  std::unique_ptr<MprotectTracker> tracker(new MprotectTracker(region, std::move(marks)));
  map_hard_part_in_small_pages(region);
  if (Status taken = enlist(*tracker); !taken) return tl::unexpected(taken.error());
  if (tracker->pages_ > 0 && mprotect(tracker->hard_, tracker->pages_ * kPageBytes, PROT_READ) != 0) {
    Error error = fail_errno("mprotect: cannot write-protect the region", errno).value();
    error.code = Errc::unavailable;
    return tl::unexpected(std::move(error));
  }
  return tracker;
}

MprotectTracker::~MprotectTracker() {
  if (pages_ > 0) mprotect(hard_, pages_ * kPageBytes, PROT_READ | PROT_WRITE);
  delist(*this);
}

// Two workers may fault on one page at once: one of them lists it. Listed before it is writable, so that no
// write is ever unlisted. mprotect is no more than its system call. It fails where the process has too many
// separate mappings (vm.max_map_count): then the whole part is opened, which joins them.
bool MprotectTracker::handle_write(const void* address) noexcept {
  const auto* at = static_cast<const std::byte*>(address);
  if (at < hard_ || at >= hard_ + pages_ * kPageBytes) return false;
  const auto page = static_cast<std::uint32_t>(static_cast<std::uint64_t>(at - hard_) / kPageBytes);
  if (!is_listed_[page].exchange(true)) list_[count_.fetch_add(1)] = page;
  if (mprotect(hard_ + page * kPageBytes, kPageBytes, PROT_READ | PROT_WRITE) == 0) return true;
  all_written_ = true;
  return mprotect(hard_, pages_ * kPageBytes, PROT_READ | PROT_WRITE) == 0;
}

std::uint64_t MprotectTracker::written_bytes_hint() const {
  return (all_written_ ? pages_ : count_.load()) * kPageBytes;
}

Status MprotectTracker::take_written(std::vector<Extent>& out) {
  for (region::WorkerMarks* m : marks()) m->hard->clear();
  const std::size_t first = out.size();
  const std::uint32_t count = count_.exchange(0);
  for (std::uint32_t i = 0; i < count; ++i) {
    is_listed_[list_[i]] = false;
    out.push_back({region::kDataOffset + list_[i] * kPageBytes, kPageBytes});
  }
  if (all_written_.exchange(false)) {
    out.resize(first);
    if (pages_ > 0) out.push_back({region::kDataOffset, pages_ * kPageBytes});
  }
  region::merge_overlapping(out, first);
  return protect(out, first);
}

// A call costs about 5 us, walking 1,000 pages in one call about as much.
Status MprotectTracker::protect(const std::vector<Extent>& extents, std::size_t first) {
  const bool one_call = extents.size() - first > pages_ / 1000 + 8;
  bool done = true;
  if (one_call) done = mprotect(hard_, pages_ * kPageBytes, PROT_READ) == 0;
  for (std::size_t i = first; done && !one_call && i < extents.size(); ++i)
    done = mprotect(base_ + extents[i].offset, extents[i].bytes, PROT_READ) == 0;
  if (done) return {};
  all_written_ = true;
  return fail_errno("cannot write-protect what was written", errno);
}

}  // namespace stillwater::trackers
