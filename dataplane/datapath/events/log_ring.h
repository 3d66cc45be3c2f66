// Log records of one worker on their way to whoever sends them. Logs are output: what a record reveals leaves
// only after the commit of the epoch that it depends on.
//
// Invariants: a record is handed out once, in the order in which it was pushed, and never before its epoch is
// committed; one that a fence discarded is not handed out; each that is not handed out is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/datapath/events/log_record.h"

namespace stillwater::dataplane {

// Bounded; nobody waits for anybody. One thread pushes, one takes; a third may discard while the first stands
// still.
class LogRing {
 public:
  // `records_max` is rounded up to a power of two.
  explicit LogRing(std::uint32_t records_max);

  // Worker. False: it is full, and the record is lost and counted.
  bool push(const LogRecord& record);

  // Consumer. Copies records of epochs up to `committed` to `into`, until one waits for a later epoch; how
  // many. Records behind that one wait with it: they are later, and most depend on its epoch or the next.
  // `committed` was read (acquire) before the call, so that a value from after a fence comes with what that
  // fence discarded; and after `until`, as pushed() had it, where it may have gone back since.
  [[nodiscard]] std::size_t take(std::uint64_t committed, std::span<LogRecord> into,
                                 std::uint64_t until = ~std::uint64_t{0});
  // How many since it was made.
  [[nodiscard]] std::uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }

  // A fence: while the worker stands still, from any thread. Records of epochs after `committed` are never
  // handed out. How many. The consumer may be in `take`.
  std::uint32_t discard(std::uint64_t committed);

  // Full ring and fences together, since it was made. Any thread.
  [[nodiscard]] std::uint64_t lost() const {
    return full_.load(std::memory_order_relaxed) + discarded_.load(std::memory_order_relaxed);
  }
  // Not taken yet, those that were discarded included. A hint while somebody pushes or takes.
  [[nodiscard]] std::uint32_t waiting() const {
    return static_cast<std::uint32_t>(pushed_.load(std::memory_order_acquire) -
                                      taken_.load(std::memory_order_acquire));
  }
  [[nodiscard]] std::uint32_t capacity() const { return mask_ + 1; }

 private:
  [[nodiscard]] LogRecord& slot(std::uint64_t position) const { return records_[position & mask_]; }
  // The one field that a fence writes while the consumer may read it.
  [[nodiscard]] std::atomic_ref<std::uint64_t> epoch_at(std::uint64_t position) const {
    return std::atomic_ref(slot(position).depends_epoch);
  }

  const std::uint32_t mask_;
  const std::unique_ptr<LogRecord[]> records_;
  alignas(64) std::atomic<std::uint64_t> pushed_{0};     // writer: worker
  std::atomic<std::uint64_t> full_{0};                   // writer: worker
  alignas(64) std::atomic<std::uint64_t> taken_{0};      // writer: consumer
  alignas(64) std::atomic<std::uint64_t> discarded_{0};  // writer: whoever discards
};

}  // namespace stillwater::dataplane
