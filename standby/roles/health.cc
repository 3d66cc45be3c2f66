#include "standby/roles/health.h"

#include <algorithm>
#include <limits>

namespace stillwater::standby {

void Health::report(const std::string& what, std::uint16_t weight, bool well, Instant now) {
  if (weight == 0) return;
  const auto known = ailments_.find(what);
  if (!well)
    ailments_.insert_or_assign(what, Ailment{weight, false, now});
  else if (known != ailments_.end())
    known->second.well = true;
}

template <class Counts>
std::uint16_t Health::sum(const Counts& counts) const {
  std::uint32_t sum = 0;
  for (const auto& [what, ailment] : ailments_)
    if (counts(ailment)) sum += ailment.weight;
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(sum, std::numeric_limits<std::uint16_t>::max()));
}

std::uint16_t Health::ill() const {
  return sum([](const Ailment& ailment) { return !ailment.well; });
}

std::uint16_t Health::penalty(Instant now) const {
  return sum([&](const Ailment& ailment) { return counts(ailment, now); });
}

std::string Health::text(Instant now) const {
  std::string text;
  for (const auto& [what, ailment] : ailments_) {
    if (!counts(ailment, now)) continue;
    text += (text.empty() ? "" : ", ") + what + " (" + std::to_string(ailment.weight) +
            (ailment.well ? ", well again)" : ")");
  }
  return text;
}

}  // namespace stillwater::standby
