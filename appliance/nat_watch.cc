#include "appliance/nat_watch.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "base/thread.h"
#include "dataplane/names.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kInterval = 100ms;
constexpr Nanos kBetweenCounts = 1s;  // where nobody was refused a port meanwhile

void say(const NatAlarms::News& news) {
  const dataplane::NatPoolUse& use = news.use;
  const std::string pool = dataplane::to_text(use.address) + ", " + dataplane::name_of_protocol(use.protocol);
  switch (news.alarm) {
    case PoolAlarm::none:
      return spdlog::info("NAT pool {} has ports again: {} of {} are given", pool, use.given, use.ports);
    case PoolAlarm::short_of_ports:
      return spdlog::warn("NAT pool {} runs short of ports: {} of {} are given", pool, use.given, use.ports);
    case PoolAlarm::exhausted:
      return spdlog::error("NAT pool {} is exhausted: {} of {} ports are given, and {} sessions got none",
                           pool, use.given, use.ports, use.refused);
  }
}

}  // namespace

NatWatch::NatWatch(const dataplane::Dataplane& plane, std::function<bool()> leads, const Clock& clock)
    : plane_(plane),
      leads_(std::move(leads)),
      clock_(clock),
      thread_([this](const std::stop_token& ending) { run(ending); }) {}

PoolAlarm NatWatch::of(const dataplane::NatPoolUse& use) const {
  const std::lock_guard lock(mutex_);
  return alarms_.of(use);
}

void NatWatch::run(const std::stop_token& ending) {
  name_this_thread("sw-nat-watch");
  std::unique_lock lock(wait_mutex_);
  while (!ending.stop_requested()) {
    look();
    wakes_.wait_for(lock, ending, kInterval, [] { return false; });
  }
}

// The successor of a node that led sees for itself what is short.
void NatWatch::look() {
  const Instant now = clock_.now();
  const std::uint64_t refused = plane_.nat_refused();
  if (!leads_()) {
    const std::lock_guard lock(mutex_);
    alarms_ = {};
    return;
  }
  if (refused == refused_ && now < next_count_) return;
  refused_ = refused;
  next_count_ = now + kBetweenCounts;
  const auto uses = plane_.nat_pools();
  std::vector<NatAlarms::News> all;
  {
    const std::lock_guard lock(mutex_);
    all = alarms_.look(uses, now);
  }
  for (const NatAlarms::News& news : all) say(news);
}

}  // namespace stillwater::appliance
