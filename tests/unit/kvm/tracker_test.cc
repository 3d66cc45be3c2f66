// The trackers over KVM see what a real guest writes, and answer for it until the commit.
#include "ckpt_engine/kvm/ring_tracker.h"
#include "tests/unit/kvm/pair.h"

namespace stillwater::tests {

using kvm::Tracking;
using kvm::guest::Packet;

namespace {

std::vector<Packet> any_work(Random& random, std::uint64_t packets) {
  std::vector<Packet> work;
  for (std::uint64_t i = 0; i < packets; ++i)
    work.push_back(one_in(random, 3)
                       ? write_packet(below(random, kScratchPages - 4), 1 + below(random, 4), random())
                       : count_packet(i, below(random, kvm::guest::kKeys)));
  return work;
}

}  // namespace

TEST_CASE("M2: every page that the guest wrote is in the collection, found without asking it") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  for_seeds(10, [&](Random& random) {
    RunningGuest g(tracking);
    g.answers_to(any_work(random, 20));
    for (unsigned round = 0; round < 5; ++round) {
      g.quiesce();
      std::vector<region::Extent> unused;
      REQUIRE(g.guest->tracker().collect(unused));
      g.guest->tracker().committed();
      const Snapshot before = g.memory();
      g.resume();
      g.answers_to(any_work(random, 1 + below(random, 100)));
      g.quiesce();
      const Pages changed = g.changed_since(before);
      g.resume();
      const Pages collected = g.collect();
      g.guest->tracker().committed();
      CHECK_FALSE(changed.empty());
      CHECK(includes(collected, changed));
      CHECK(collected.size() < kvm::guest::kMemoryBytes / kvm::guest::kPageBytes / 2);
    }
  });
}

TEST_CASE("M3: a page that the guest writes while it is being copied is in the next round") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  RunningGuest g(tracking);
  for_seeds(50, [&](Random& random) {
    const std::uint64_t page = below(random, kScratchPages);
    g.answers_to({write_packet(page, 1, random())});
    CHECK(g.collect().contains(kScratchPage + page));
    // The guest runs: the copy of the page would be under way.
    const Snapshot copied_too_early = g.memory();
    g.answers_to({write_packet(page, 1, random())});
    CHECK(g.changed_since(copied_too_early).contains(kScratchPage + page));
    CHECK(g.collect().contains(kScratchPage + page));
    g.guest->tracker().committed();
  });
}

TEST_CASE("what was collected and not shipped is collected again, together with what is new") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  RunningGuest g(tracking);
  g.answers_to({write_packet(10, 5, 1)});
  REQUIRE(includes(g.collect(), pages_between(kScratchPage + 10, 5)));
  g.answers_to({write_packet(14, 3, 2)});
  REQUIRE(includes(g.collect(), pages_between(kScratchPage + 14, 3)));  // a later round of the same epoch
  g.guest->tracker().merge_back();
  CHECK(g.guest->tracker().dirty_bytes_hint() >= 7 * region::kPageBytes);
  g.answers_to({write_packet(100, 1, 3)});
  const Pages again = g.collect();
  CHECK(includes(again, pages_between(kScratchPage + 10, 7)));
  CHECK(again.contains(kScratchPage + 100));

  g.guest->tracker().committed();
  g.answers_to({write_packet(200, 1, 4)});
  const Pages next = g.collect();
  CHECK(next.contains(kScratchPage + 200));
  CHECK_FALSE(next.contains(kScratchPage + 10));
  CHECK_FALSE(next.contains(kScratchPage + 100));
}

TEST_CASE("the hint follows what the guest writes, and asking for it takes nothing away") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  RunningGuest g(tracking);
  static_cast<void>(g.collect());
  const std::uint64_t before = g.guest->tracker().dirty_bytes_hint();
  g.answers_to({write_packet(0, 50, 1)});
  CHECK(g.guest->tracker().dirty_bytes_hint() >= before + 50 * region::kPageBytes);
  CHECK(includes(g.collect(), pages_between(kScratchPage, 50)));
  CHECK(g.guest->tracker().dirty_bytes_hint() < 50 * region::kPageBytes);
}

TEST_CASE("a ring smaller than what the guest writes is emptied on the way, and no page is lost") {
  if (!kvm_can(Tracking::ring)) return;
  RunningGuest g(Tracking::ring, 256);
  static_cast<void>(g.collect());
  const Snapshot before = g.memory();
  g.answers_to({write_packet(0, kScratchPages, 7), write_packet(0, kScratchPages, 8)});
  g.quiesce();
  const Pages changed = g.changed_since(before);
  g.resume();
  CHECK(changed.size() >= kScratchPages);
  CHECK(includes(g.collect(), changed));
  CHECK(dynamic_cast<kvm::KvmRingTracker&>(g.guest->tracker()).times_full() > 0);
}

}  // namespace stillwater::tests
