// A running guest in a state region, and what tests ask of it. Every wait ends.
#pragma once

#include <set>

#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/kvm/guest.h"
#include "standby/receiver.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {

inline constexpr Nanos kPatience = 10s;  // shared machines stall; nothing waits this long that works

// False, and says why, where this machine has no KVM that can do it.
bool kvm_can(kvm::Tracking tracking);

const char* name_of(kvm::Tracking tracking);

// The pages of the guest's memory, counted from its first.
using Pages = std::set<std::uint64_t>;
Pages pages_between(std::uint64_t first, std::uint64_t count);
bool includes(const Pages& all, const Pages& some);

inline kvm::guest::Packet count_packet(std::uint64_t id, std::uint64_t key) {
  return {kvm::guest::Kind::count, id, key, 0, 0};
}
inline kvm::guest::Packet write_packet(std::uint64_t first, std::uint64_t pages, std::uint64_t value) {
  return {kvm::guest::Kind::write, 0, first, value, pages};
}
inline constexpr std::uint64_t kScratchPage = kvm::guest::kScratch / kvm::guest::kPageBytes;
inline constexpr std::uint64_t kScratchPages =
    (kvm::guest::kMemoryBytes - kvm::guest::kScratch) / kvm::guest::kPageBytes;

// Booted, with the port open.
struct RunningGuest {
  explicit RunningGuest(kvm::Tracking tracking, std::uint32_t ring_entries = 1024);

  // Offers the packets and returns all answers, in their order.
  std::vector<kvm::guest::Packet> answers_to(const std::vector<kvm::guest::Packet>& packets);
  void quiesce() {
    const Status quiesced = guest->barrier().quiesce(kPatience);
    INFO((quiesced ? "" : quiesced.error().message));
    REQUIRE(quiesced);
  }
  void resume() { guest->barrier().resume(); }
  // Quiesces, collects, resumes. No page comes twice.
  Pages collect();
  [[nodiscard]] Snapshot memory() const;
  // Which pages differ from what they were: the truth, found without KVM.
  [[nodiscard]] Pages changed_since(const Snapshot& before) const;

  BootClock clock;
  std::unique_ptr<region::Region> region;
  std::unique_ptr<kvm::Guest> guest;
};

std::vector<kvm::guest::Packet> answers_of(kvm::Guest& guest, std::vector<kvm::guest::Packet> packets);

engine::Staging make_staging();
standby::ReservedBuffer make_reserved();

}  // namespace stillwater::tests
