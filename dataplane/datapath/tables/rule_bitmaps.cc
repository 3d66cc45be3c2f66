#include "dataplane/datapath/tables/rule_bitmaps.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace stillwater::dataplane {

RuleBitmaps::Index RuleBitmaps::add(const RuleBits& set) {
  const std::string_view bytes(reinterpret_cast<const char*>(set.data()), set.size() * sizeof(std::uint64_t));
  const std::size_t hash = std::hash<std::string_view>{}(bytes);
  const auto [first, last] = known_.equal_range(hash);
  for (auto same_hash = first; same_hash != last; ++same_hash) {
    const auto words = bits_.begin() + static_cast<std::ptrdiff_t>(same_hash->second * stride_ + summaries_);
    if (std::equal(set.begin(), set.end(), words)) return same_hash->second;
  }
  if (bits_.size() + stride_ > words_max_) {
    overflowed_ = true;
    return 0;
  }
  const auto index = static_cast<Index>(stride_ == 0 ? 0 : bits_.size() / stride_);
  RuleBits summary(summaries_);
  for (std::uint32_t word = 0; word < set.size(); ++word)
    if (set[word] != 0) add_place(summary, word);
  bits_.insert(bits_.end(), summary.begin(), summary.end());
  bits_.insert(bits_.end(), set.begin(), set.end());
  known_.emplace(hash, index);
  return index;
}

bool RuleBitmaps::seal() {
  known_ = {};
  bits_.shrink_to_fit();
  return !overflowed_;
}

}  // namespace stillwater::dataplane
