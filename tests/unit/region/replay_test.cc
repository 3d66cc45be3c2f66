// What the whole product rests on: whoever copies the marked lines has copied every write.
#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

void replay(const LineSet& lines, const Region& from, Region& to) {
  std::vector<Extent> extents;
  lines.append_to(extents);
  for (const Extent& e : extents) std::memcpy(to.base() + e.offset, from.base() + e.offset, e.bytes);
}

}  // namespace

TEST_CASE("M3: the marked lines, replayed at another address, give byte-identical roots that can be used") {
  for_seeds(40, [](Random& random) {
    const auto active = make_region(small_layout());
    const auto standby = make_region(small_layout());
    REQUIRE(active->base() != standby->base());
    active->set_identity(kOurRegion, 1);
    standby->set_identity(kOurRegion, 1);
    Worker worker(*active);
    for (std::uint64_t epoch = 1; epoch < 30; ++epoch) {
      worker.work(random, epoch, static_cast<unsigned>(below(random, 60)));
      replay(*worker.marks.hard, *active, *standby);
      REQUIRE(hard_bytes(*active) == hard_bytes(*standby));
      replay(*worker.marks.soft, *active, *standby);
      REQUIRE(data_bytes(*active) == data_bytes(*standby));
      worker.marks.hard->clear();
      worker.marks.soft->clear();
    }
    Worker successor(*standby);
    REQUIRE(successor.sessions.in_use() == worker.sessions.in_use());
    for (std::uint32_t slot = 0; slot < worker.sessions.slots_touched(); ++slot) {
      const Session& session = successor.sessions.at(slot);
      if (session.state == SessionState::free) continue;
      REQUIRE(successor.sessions.find(session.forward).slot == slot);
      REQUIRE(successor.sessions.find(session.reply).slot == slot);
    }
    REQUIRE(successor.sessions6.in_use() == worker.sessions6.in_use());
    for (std::uint32_t slot = 0; slot < worker.sessions6.slots_touched(); ++slot) {
      const Session6& session = successor.sessions6.at(slot);
      if (session.state != SessionState::free) REQUIRE(successor.sessions6.find(session.reply).slot == slot);
    }
    REQUIRE(successor.notes.in_use() == worker.notes.in_use());
    REQUIRE(successor.queue.size() == worker.queue.size());
    for (std::uint32_t i = 0; i < worker.queue.size(); ++i)
      REQUIRE(successor.queue.at(i) == worker.queue.at(i));
  });
}

}  // namespace stillwater::tests
