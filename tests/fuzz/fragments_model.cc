#include "tests/fuzz/fragments_model.h"

#include <algorithm>

namespace stillwater::fuzz {

bool DatagramModel::contradicts(const Fragment& fragment) const {
  return std::ranges::any_of(held_, [&](const Fragment& other) {
    const bool overlaps = other.begin < fragment.end() && fragment.begin < other.end();
    const bool past_its_end = !other.more && fragment.end() > other.end();
    const bool past_this_end = !fragment.more && other.end() > fragment.end();
    return overlaps || past_its_end || past_this_end || (!fragment.more && !other.more);
  });
}

DatagramModel::Fate DatagramModel::add(const Fragment& fragment, std::size_t fragments_max) {
  if (ended_ || std::ranges::find(held_, fragment) != held_.end()) return Fate::refused;
  if (contradicts(fragment) || held_.size() == fragments_max) {
    held_.clear();
    ended_ = true;
    return Fate::refused;
  }
  held_.push_back(fragment);
  return is_whole() ? Fate::whole : Fate::taken;
}

bool DatagramModel::is_whole() const {
  const auto last = std::ranges::find(held_, false, &Fragment::more);
  return last != held_.end() && payload().size() == last->end();
}

bool DatagramModel::has_first() const {
  return std::ranges::find(held_, 0u, &Fragment::begin) != held_.end();
}

Octets DatagramModel::payload() const {
  std::vector<Fragment> in_order = held_;
  std::ranges::sort(in_order, {}, &Fragment::begin);
  Octets payload;
  for (const Fragment& fragment : in_order)
    payload.insert(payload.end(), fragment.bytes.begin(), fragment.bytes.end());
  return payload;
}

}  // namespace stillwater::fuzz
