// Lines that wait for their turn to be shipped.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ckpt_engine/region/format.h"

namespace stillwater::trackers {

// A set of lines of [begin, end), taken in portions that go round it, so that lines which come back all the
// time do not keep the others waiting. A bit a line: adding and taking cost the same however many wait.
class WaitingLines {
 public:
  WaitingLines(std::uint64_t begin, std::uint64_t end);

  void add(std::span<const region::Extent> extents);
  // Moves at most `lines_max` lines to `out`, in order from where the last call stopped.
  void take(std::vector<region::Extent>& out, std::uint64_t lines_max);
  void clear();

 private:
  std::uint64_t begin_;
  std::vector<std::uint64_t> bits_;
  std::uint64_t next_ = 0;  // line at which the next portion begins
};

}  // namespace stillwater::trackers
