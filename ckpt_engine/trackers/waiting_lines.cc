#include "ckpt_engine/trackers/waiting_lines.h"

#include <algorithm>
#include <bit>

namespace stillwater::trackers {

using region::Extent;
using region::kLineBytes;

WaitingLines::WaitingLines(std::uint64_t begin, std::uint64_t end)
    : begin_(begin), bits_((end - begin) / kLineBytes / 64 + 1) {}

void WaitingLines::add(std::span<const Extent> extents) {
  for (const Extent& e : extents) {
    const std::uint64_t first = (e.offset - begin_) / kLineBytes;
    for (std::uint64_t line = first; line < first + e.bytes / kLineBytes; ++line)
      bits_[line / 64] |= std::uint64_t{1} << (line % 64);
  }
}

// The word in which the last call stopped is looked at twice: from there on, and at the end below it.
void WaitingLines::take(std::vector<Extent>& out, std::uint64_t lines_max) {
  const std::size_t first = out.size();
  const std::uint64_t begin = next_;
  for (std::size_t i = 0; i <= bits_.size() && lines_max > 0; ++i) {
    const std::size_t w = (begin / 64 + i) % bits_.size();
    std::uint64_t word = bits_[w];
    if (i == 0) word &= ~std::uint64_t{0} << (begin % 64);
    for (; word != 0 && lines_max > 0; word &= word - 1, --lines_max) {
      const std::uint64_t line = w * 64 + static_cast<unsigned>(std::countr_zero(word));
      bits_[w] &= ~(std::uint64_t{1} << (line % 64));
      const std::uint64_t offset = begin_ + line * kLineBytes;
      if (out.size() > first && out.back().offset + out.back().bytes == offset)
        out.back().bytes += kLineBytes;
      else
        out.push_back({offset, kLineBytes});
      next_ = (line + 1) % (bits_.size() * 64);
    }
  }
}

void WaitingLines::clear() { std::ranges::fill(bits_, 0); }

}  // namespace stillwater::trackers
