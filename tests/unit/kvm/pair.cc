#include "tests/unit/kvm/pair.h"

#include <algorithm>

#include <sched.h>

namespace stillwater::tests {

bool kvm_can(kvm::Tracking tracking) {
  const Status usable = kvm::usable(tracking);
  if (!usable) WARN("skipped: " << usable.error().message);
  return usable.has_value();
}

const char* name_of(kvm::Tracking tracking) { return tracking == kvm::Tracking::ring ? "ring" : "log"; }

Pages pages_between(std::uint64_t first, std::uint64_t count) {
  Pages pages;
  for (std::uint64_t page = first; page < first + count; ++page) pages.insert(page);
  return pages;
}

bool includes(const Pages& all, const Pages& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

RunningGuest::RunningGuest(kvm::Tracking tracking, std::uint32_t ring_entries)
    : region(make_region(kvm::Guest::layout())) {
  region->set_identity(kOurRegion, 1);
  auto made = kvm::Guest::create(*region, tracking, clock, ring_entries);
  if (!made) throw std::runtime_error(made.error().message);
  guest = std::move(*made);
  if (Status booted = guest->boot(); !booted) throw std::runtime_error(booted.error().message);
}

std::vector<kvm::guest::Packet> answers_of(kvm::Guest& guest, std::vector<kvm::guest::Packet> packets) {
  const BootClock clock;
  const Instant deadline = clock.now() + kPatience;
  std::vector<kvm::guest::Packet> answers;
  std::size_t offered = 0;
  while (answers.size() < packets.size()) {
    while (offered < packets.size() && guest.port().offer(packets[offered])) ++offered;
    guest.port().take(answers);
    const Status health = guest.vcpu().health();
    INFO((health ? "" : health.error().message));
    REQUIRE(health);
    REQUIRE(clock.now() < deadline);
    sched_yield();
  }
  return answers;
}

std::vector<kvm::guest::Packet> RunningGuest::answers_to(const std::vector<kvm::guest::Packet>& packets) {
  return answers_of(*guest, packets);
}

Pages RunningGuest::collect() {
  quiesce();
  std::vector<region::Extent> extents;
  REQUIRE(guest->tracker().collect(extents));
  resume();
  const region::Root memory = region->root("guest.memory");
  Pages pages;
  for (const region::Extent& e : extents) {
    if (e.offset < memory.offset || e.offset >= memory.offset + memory.bytes) continue;
    for (std::uint64_t at = e.offset; at < e.offset + e.bytes; at += region::kPageBytes) {
      const bool is_new = pages.insert((at - memory.offset) / region::kPageBytes).second;
      REQUIRE(is_new);
    }
  }
  return pages;
}

Snapshot RunningGuest::memory() const {
  const region::Root memory = region->root("guest.memory");
  return {memory.data, memory.data + memory.bytes};
}

Pages RunningGuest::changed_since(const Snapshot& before) const {
  const Snapshot now = memory();
  Pages pages;
  for (std::uint64_t at = 0; at < now.size(); at += region::kPageBytes)
    if (std::memcmp(now.data() + at, before.data() + at, region::kPageBytes) != 0)
      pages.insert(at / region::kPageBytes);
  return pages;
}

engine::Staging make_staging() {
  auto staging = engine::Staging::create(8u << 20);
  if (!staging) throw std::runtime_error(staging.error().message);
  return std::move(*staging);
}

standby::ReservedBuffer make_reserved() {
  auto reserved = standby::ReservedBuffer::create(16u << 20);
  if (!reserved) throw std::runtime_error(reserved.error().message);
  return std::move(*reserved);
}

}  // namespace stillwater::tests
