// The guard is the only way to write: it marks, stamps and makes the packet depend.
#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

struct WideRecord {
  static constexpr StateClass kStateClass = StateClass::hard;
  std::uint64_t changed_epoch;
  std::uint8_t bytes[92];
};

std::vector<Extent> extents_of(const LineSet& lines) {
  std::vector<Extent> out;
  lines.append_to(out);
  return out;
}

}  // namespace

TEST_CASE("a hard write marks exactly its record's lines, stamps the epoch and makes the packet depend") {
  Layout layout;
  layout.add("wide", StateClass::hard, 8 * sizeof(WideRecord), sizeof(WideRecord));
  layout.add("soft", StateClass::soft, 1, 1);
  const auto region = make_region(layout);
  WorkerMarks marks(kDataOffset, region->soft_begin(), region->size());
  Turn turn(*region, marks);
  const auto* records = reinterpret_cast<const WideRecord*>(region->root("wide").data);
  turn.begin(12, 3s);
  turn.begin_packet();
  CHECK(turn.depends_epoch() == 0);
  turn.depend_on(4);

  Write<WideRecord>(turn, records[1])->bytes[91] = 0xff;  // bytes 104..207: lines 1, 2, 3

  CHECK(extents_of(*marks.hard) == std::vector<Extent>{{kDataOffset + kLineBytes, 3 * kLineBytes}});
  CHECK(marks.soft->count() == 0);
  CHECK(records[1].changed_epoch == 12);
  CHECK(records[0].changed_epoch == 0);
  CHECK(turn.depends_epoch() == 12);

  turn.depend_on(5);
  CHECK(turn.depends_epoch() == 12);
  turn.begin_packet();
  CHECK(turn.depends_epoch() == 0);
}

TEST_CASE("a soft write marks a soft line and makes nothing depend") {
  const auto region = make_region(small_layout());
  Worker worker(*region);
  worker.turn.begin(12, 100s);
  worker.turn.begin_packet();

  worker.counters.add(worker.turn, 9, 5);

  CHECK(worker.counters.read(9) == 5);
  CHECK(worker.marks.hard->count() == 0);
  CHECK(extents_of(*worker.marks.soft) ==
        std::vector<Extent>{{region->root("counters.0").offset + kLineBytes, kLineBytes}});
  CHECK(worker.turn.depends_epoch() == 0);
}

TEST_CASE("last-seen moves in steps of eight seconds, so that steady traffic dirties a line once in eight") {
  const auto region = make_region(small_layout());
  Worker worker(*region);
  Random random(Catch::rngSeed());
  worker.turn.begin(1, 100s);
  worker.open(random);
  worker.marks.soft->clear();
  worker.turn.begin(1, 107s);
  worker.sessions.touch(worker.turn, 0);
  CHECK(worker.marks.soft->count() == 0);
  worker.turn.begin(1, 108s);
  worker.sessions.touch(worker.turn, 0);
  CHECK(worker.marks.soft->count() == 1);
  CHECK(worker.sessions.last_seen_s(0) == 108);
}

}  // namespace stillwater::tests
