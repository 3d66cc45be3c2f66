// Which 64-byte lines one worker wrote: O(dirty) to mark, to take and to clear, no atomics on the way.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "ckpt_engine/region/format.h"

namespace stillwater::region {

// A set of lines of [begin, end). One thread at a time, except `count`, which any thread may read.
class LineSet {
 public:
  // Remembers up to `list_max` lines in order; past that it falls back to scanning its bitmap.
  LineSet(std::uint64_t begin, std::uint64_t end, std::uint32_t list_max = 1u << 16);

  void mark(std::uint64_t offset, std::uint64_t bytes) {
    const std::uint64_t last = (offset - begin_ + bytes - 1) / kLineBytes;
    for (std::uint64_t line = (offset - begin_) / kLineBytes; line <= last; ++line) mark_line(line);
  }
  // The same for what lies in the line at `offset` alone.
  void mark(std::uint64_t offset) { mark_line((offset - begin_) / kLineBytes); }

  [[nodiscard]] bool contains(std::uint64_t offset) const {
    const std::uint64_t line = (offset - begin_) / kLineBytes;
    return (bits_[line / 64] >> (line % 64) & 1) != 0;
  }

  // Relaxed: a hint for the policy; the exact number is read at the barrier.
  [[nodiscard]] std::uint32_t count() const { return count_.load(std::memory_order_relaxed); }

  // Appends the marked lines to `out`, neighbours merged where they were marked in order. What `out`
  // held before is left alone.
  void append_to(std::vector<Extent>& out) const;
  void clear();

 private:
  void mark_line(std::uint64_t line) {
    std::uint64_t& word = bits_[line / 64];
    const std::uint64_t bit = std::uint64_t{1} << (line % 64);
    if ((word & bit) != 0) return;
    word |= bit;
    const std::uint32_t n = count_.load(std::memory_order_relaxed);
    if (n < list_max_) list_[n] = static_cast<std::uint32_t>(line);
    count_.store(n + 1, std::memory_order_relaxed);
  }
  [[nodiscard]] bool overflowed() const { return count() > list_max_; }

  std::uint64_t begin_;
  std::uint32_t list_max_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> list_;
  std::atomic<std::uint32_t> count_{0};  // writer: the worker that owns this set
};

// Sorts the extents from index `first` on and joins those that touch or overlap, so that no line is in two.
void merge_overlapping(std::vector<Extent>& extents, std::size_t first);

// The marks of one worker: it writes into `hard` and `soft`; a collector swaps them for empty ones at a
// packet boundary, while that worker stands still.
struct WorkerMarks {
  WorkerMarks(std::uint64_t begin, std::uint64_t soft_begin, std::uint64_t end)
      : hard(std::make_unique<LineSet>(begin, soft_begin)),
        soft(std::make_unique<LineSet>(soft_begin, end)) {}

  std::unique_ptr<LineSet> hard;
  std::unique_ptr<LineSet> soft;
};

}  // namespace stillwater::region
