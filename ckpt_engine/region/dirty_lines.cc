#include "ckpt_engine/region/dirty_lines.h"

#include <algorithm>
#include <bit>

namespace stillwater::region {

LineSet::LineSet(std::uint64_t begin, std::uint64_t end, std::uint32_t list_max)
    : begin_(begin),
      list_max_(static_cast<std::uint32_t>(std::min<std::uint64_t>(list_max, (end - begin) / kLineBytes))),
      bits_((end - begin) / kLineBytes / 64 + 1),
      list_(list_max_) {}

void LineSet::append_to(std::vector<Extent>& out) const {
  const std::size_t first = out.size();
  const auto add = [&](std::uint64_t line) {
    const std::uint64_t offset = begin_ + line * kLineBytes;
    if (out.size() > first && out.back().offset + out.back().bytes == offset)
      out.back().bytes += kLineBytes;
    else
      out.push_back({offset, kLineBytes});
  };
  if (!overflowed()) {
    for (std::uint32_t i = 0; i < count(); ++i) add(list_[i]);
    return;
  }
  for (std::size_t w = 0; w < bits_.size(); ++w)
    for (std::uint64_t word = bits_[w]; word != 0; word &= word - 1)
      add(w * 64 + static_cast<unsigned>(std::countr_zero(word)));
}

void LineSet::clear() {
  if (overflowed())
    std::fill(bits_.begin(), bits_.end(), 0);
  else
    for (std::uint32_t i = 0; i < count(); ++i) bits_[list_[i] / 64] = 0;
  count_.store(0, std::memory_order_relaxed);
}

void merge_overlapping(std::vector<Extent>& extents, std::size_t first) {
  const auto begin = extents.begin() + static_cast<std::ptrdiff_t>(first);
  if (begin == extents.end()) return;
  std::sort(begin, extents.end(), [](const Extent& a, const Extent& b) { return a.offset < b.offset; });
  auto last = begin;
  for (auto next = begin + 1; next != extents.end(); ++next) {
    const std::uint64_t end = last->offset + last->bytes;
    if (next->offset <= end)
      last->bytes = std::max(end, next->offset + next->bytes) - last->offset;
    else
      *++last = *next;
  }
  extents.erase(last + 1, extents.end());
}

}  // namespace stillwater::region
