#include "standby/roles/lead_hold.h"

#include <algorithm>

namespace stillwater::standby {

void LeadHold::lead_changed(Instant now) {
  changes_.push_back(now);
  if (changes_.size() > kDoublingsMax + 1) changes_.pop_front();
}

Nanos LeadHold::left(Instant now) const {
  if (changes_.empty()) return {};
  const auto lately =
      std::ranges::count_if(changes_, [&](Instant change) { return changes_.back() - change < kWindow; });
  const Nanos hold = hold_down_ * (std::int64_t{1} << (lately - 1));
  return std::max(changes_.back() + hold - now, Nanos(0));
}

}  // namespace stillwater::standby
