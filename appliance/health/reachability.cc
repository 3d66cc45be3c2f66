#include "appliance/health/reachability.h"

#include <algorithm>

namespace stillwater::appliance {
namespace {

constexpr Nanos kLookInterval = 20ms;  // whoever looks less often has stalled

}  // namespace

Result<Reachability> Reachability::open(const std::vector<Target>& targets, Nanos interval, unsigned misses) {
  Reachability made(interval);
  for (const Target& target : targets) {
    if (!made.probers_.contains(target.interface)) {
      auto prober = ArpProber::open(target.interface, target.virtual_mac);
      if (!prober) return tl::unexpected(prober.error());
      made.probers_.emplace(target.interface, std::move(*prober));
    }
    made.tracked_.push_back({target, standby::FailureDetector(interval * misses, kLookInterval, 1)});
  }
  return made;
}

void Reachability::forget() {
  for (Tracked& tracked : tracked_) tracked.begun = tracked.answered = tracked.lost = false;
}

void Reachability::hear(const std::string& interface, std::uint32_t address, Instant now) {
  for (Tracked& tracked : tracked_) {
    if (tracked.target.interface != interface || tracked.target.address != address) continue;
    tracked.detector.heard(now);
    tracked.answered = true;
  }
}

void Reachability::look(Instant now) {
  for (auto& [interface, prober] : probers_)
    while (const auto address = prober.take_answer()) hear(interface, *address, now);
  for (Tracked& tracked : tracked_) {
    if (!std::exchange(tracked.begun, true)) tracked.detector.start(now);
    tracked.lost = tracked.detector.look(now);
  }
  if (now < next_probe_) return;
  next_probe_ = now + interval_;
  for (const Tracked& tracked : tracked_) probers_.at(tracked.target.interface).probe(tracked.target.address);
}

}  // namespace stillwater::appliance
