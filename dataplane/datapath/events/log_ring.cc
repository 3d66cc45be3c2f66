#include "dataplane/datapath/events/log_ring.h"

#include <bit>
#include <limits>

namespace stillwater::dataplane {
namespace {

constexpr std::uint64_t kDiscarded = std::numeric_limits<std::uint64_t>::max();  // no epoch

}  // namespace

LogRing::LogRing(std::uint32_t records_max)
    : mask_(std::bit_ceil(records_max) - 1),
      records_(std::make_unique<LogRecord[]>(std::size_t{mask_} + 1)) {}

bool LogRing::push(const LogRecord& record) {
  const std::uint64_t at = pushed_.load(std::memory_order_relaxed);
  if (at - taken_.load(std::memory_order_acquire) > mask_) {
    full_.store(full_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  slot(at) = record;
  pushed_.store(at + 1, std::memory_order_release);
  return true;
}

std::size_t LogRing::take(std::uint64_t committed, std::span<LogRecord> into, std::uint64_t until) {
  std::uint64_t at = taken_.load(std::memory_order_relaxed);
  const std::uint64_t end = std::min(until, pushed());
  std::size_t count = 0;
  for (; at != end && count < into.size(); ++at) {
    const std::uint64_t epoch = epoch_at(at).load(std::memory_order_relaxed);
    if (epoch == kDiscarded) continue;
    if (epoch > committed) break;
    into[count++] = slot(at);  // nobody discards it: it is committed
  }
  taken_.store(at, std::memory_order_release);
  return count;
}

// What the consumer takes meanwhile is of committed epochs, and those are left alone.
std::uint32_t LogRing::discard(std::uint64_t committed) {
  const std::uint64_t end = pushed_.load(std::memory_order_acquire);
  std::uint32_t count = 0;
  for (std::uint64_t at = taken_.load(std::memory_order_acquire); at != end; ++at) {
    const std::uint64_t epoch = epoch_at(at).load(std::memory_order_relaxed);
    if (epoch == kDiscarded || epoch <= committed) continue;
    epoch_at(at).store(kDiscarded, std::memory_order_relaxed);
    ++count;
  }
  discarded_.fetch_add(count, std::memory_order_relaxed);
  return count;
}

}  // namespace stillwater::dataplane
