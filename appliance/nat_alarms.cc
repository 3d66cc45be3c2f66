#include "appliance/nat_alarms.h"

namespace stillwater::appliance {

PoolAlarm NatAlarms::judged(const dataplane::NatPoolUse& use, const Pool& pool, Instant now) {
  if (pool.refused_at && now - *pool.refused_at < kCalm) return PoolAlarm::exhausted;
  const std::uint64_t given = std::uint64_t{use.given} * 100, ports = use.ports;
  const bool stays = pool.alarm != PoolAlarm::none && given >= ports * kEndsPercent && given > 0;
  return stays || given > ports * kBeginsPercent ? PoolAlarm::short_of_ports : PoolAlarm::none;
}

// A pool of which nothing is known any more has no port that is taken.
std::vector<NatAlarms::News> NatAlarms::look(std::span<const dataplane::NatPoolUse> uses, Instant now) {
  std::map<Key, dataplane::NatPoolUse> figures;
  for (const auto& [key, pool] : pools_)
    figures[key] = {.address = key.first, .protocol = key.second, .refused = pool.refused};
  for (const dataplane::NatPoolUse& use : uses) figures[{use.address, use.protocol}] = use;
  std::vector<News> news;
  for (const auto& [key, use] : figures) {
    Pool& pool = pools_[key];
    if (use.refused != pool.refused) pool.refused_at = now;
    pool.refused = use.refused;
    const PoolAlarm alarm = judged(use, pool, now);
    if (alarm != pool.alarm) news.push_back({use, alarm});
    pool.alarm = alarm;
  }
  return news;
}

PoolAlarm NatAlarms::of(const dataplane::NatPoolUse& use) const {
  const auto pool = pools_.find({use.address, use.protocol});
  return pool == pools_.end() ? PoolAlarm::none : pool->second.alarm;
}

}  // namespace stillwater::appliance
