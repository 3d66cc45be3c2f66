// An epoch on the standby: applied while it arrives, committed by its record, or undone byte for byte.
#include "tests/unit/standby/shipment.h"

namespace stillwater::tests {
namespace {

// A source and a standby in sync at epoch 1, some work later.
struct InSync {
  explicit InSync(Random& random, unsigned steps = 40, std::size_t reserved_bytes = 1u << 20,
                  wire::Encoding encoding = wire::Encoding::packed)
      : source(encoding), standby(reserved_bytes) {
    source.worker.work(random, 1, 100);
    REQUIRE(standby.feed(source.first_sync()));
    REQUIRE(standby.receiver.in_sync());
    at_first = all_bytes(*standby.region);
    source.worker.work(random, 2, steps);
    source.worker.open(random);
  }
  Source source;
  Standby standby;
  Snapshot at_first;
};

wire::Encoding either_encoding() { return GENERATE(wire::Encoding::as_they_are, wire::Encoding::packed); }

}  // namespace

TEST_CASE("P6: an epoch is committed and acknowledged when its record arrived, with its stamp") {
  Random random(Catch::rngSeed());
  InSync s(random);
  const auto first_ack = s.standby.receiver.take_output();
  CHECK(first_ack == wire::make_frame(wire::Type::ack, wire::Ack{1, kTerm}));
  const Stream groups = s.source.groups(2);
  REQUIRE(s.standby.feed(groups));
  CHECK(s.standby.receiver.committed() == 1);
  CHECK(s.standby.region->header().epoch == 1);
  CHECK(s.standby.receiver.take_output().empty());
  REQUIRE(s.standby.feed(wire::make_frame(wire::Type::commit, record_of(groups, 2))));
  CHECK(s.standby.receiver.committed() == 2);
  CHECK(s.standby.receiver.take_output() == wire::make_frame(wire::Type::ack, wire::Ack{2, kTerm}));
  CHECK(s.standby.region->header().epoch == 2);
  CHECK(s.standby.region->header().config_generation == 20);
  CHECK(s.standby.region->region_now() == 2000ns);
  CHECK(hard_bytes(*s.standby.region) == hard_bytes(*s.source.region));
  s.standby.receiver.disconnected();
  CHECK(hard_bytes(*s.standby.region) == hard_bytes(*s.source.region));
}

TEST_CASE("P5: group k is applied although group k+1 is only beginning to arrive") {
  Random random(Catch::rngSeed());
  InSync s(random, 40, 1u << 20, either_encoding());
  const std::vector<Stream> frames = frames_of(s.source.groups(2));
  REQUIRE(frames.size() >= 2);
  for (std::size_t k = 0; k + 1 < frames.size(); ++k) {
    const Snapshot before = hard_bytes(*s.standby.region);
    REQUIRE(s.standby.feed(std::span(frames[k]).subspan(k == 0 ? 0 : 1)));
    REQUIRE(s.standby.feed(std::span(frames[k + 1]).first(1)));
    CHECK(hard_bytes(*s.standby.region) != before);
  }
}

TEST_CASE("P2 P4: a group that is still arriving lies in reserved memory: the region does not change") {
  Random random(Catch::rngSeed());
  InSync s(random, 40, 1u << 20, either_encoding());
  const std::vector<Stream> frames = frames_of(s.source.groups(2));
  for (std::size_t n = 1; n < frames[0].size(); ++n) {
    REQUIRE(s.standby.feed(std::span(frames[0]).subspan(n - 1, 1)));
    REQUIRE(all_bytes(*s.standby.region) == s.at_first);
  }
  REQUIRE(s.standby.feed(std::span(frames[0]).last(1)));
  CHECK(all_bytes(*s.standby.region) != s.at_first);
}

TEST_CASE("P7 Q9: a connection lost at any byte leaves the epoch before, or the new one if its record came") {
  Random random(Catch::rngSeed());
  InSync s(random, 10, 1u << 20, either_encoding());
  const Stream shipment = s.source.epoch(2);
  INFO(shipment.size() << " bytes");
  for (std::size_t n = 0; n < shipment.size(); ++n) {
    CAPTURE(n);
    REQUIRE(s.standby.feed(std::span(shipment).first(n)));
    s.standby.reconnect();
    REQUIRE(all_bytes(*s.standby.region) == s.at_first);
    REQUIRE(s.standby.receiver.committed() == 1);
    REQUIRE(s.standby.receiver.in_sync());
  }
  REQUIRE(s.standby.feed(shipment));
  s.standby.reconnect();
  CHECK(hard_bytes(*s.standby.region) == hard_bytes(*s.source.region));
  CHECK(s.standby.receiver.committed() == 2);
}

TEST_CASE("P7: a partial epoch is rolled back byte for byte where its extents overlap, too") {
  for_seeds(100, [](Random& random) {
    InSync s(random);
    const std::uint64_t lines = s.standby.region->soft_begin() / 64 - kFirstLine;
    for (std::uint32_t index = 0; index < 5; ++index) {
      HandMade group;
      group.index = index;
      for (std::uint64_t n = 1 + below(random, 5); n > 0; --n) {
        const std::uint64_t first = kFirstLine + below(random, std::min<std::uint64_t>(lines - 4, 20));
        const auto count = static_cast<std::uint32_t>(1 + below(random, 4));
        group.extents.push_back({static_cast<std::uint32_t>(first), count});
        group.lines += count;
      }
      group.fill = static_cast<std::byte>(random());
      REQUIRE(s.standby.feed(group.frame()));
    }
    s.standby.reconnect();
    REQUIRE(all_bytes(*s.standby.region) == s.at_first);
  });
}

TEST_CASE("the stream may be cut into pieces of any size, at the least reserved memory that fits") {
  const wire::Encoding encoding = either_encoding();
  for_seeds(40, [&](Random& random) {
    Source source(encoding);
    source.worker.work(random, 1, 100);
    Stream stream = source.first_sync();
    std::size_t largest_epoch = stream.size();
    for (std::uint64_t epoch = 2; epoch < 12; ++epoch) {
      source.worker.work(random, epoch, 40);
      const Stream shipment = source.epoch(epoch);
      append(stream, shipment);
      largest_epoch = std::max(largest_epoch, shipment.size());
    }
    // A sync's lines are done with as they come; only its largest frame has to fit.
    std::size_t needed = 0;
    for (const Stream& frame : frames_of(stream)) needed = std::max(needed, frame.size());
    Standby standby(needed + 4096 + below(random, largest_epoch));
    while (!stream.empty()) {
      const std::size_t n = std::min<std::size_t>(stream.size(), 1 + below(random, 20'000));
      REQUIRE(standby.feed(std::span(stream).first(n)));
      stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(n));
    }
    REQUIRE(standby.receiver.committed() == 11);
    REQUIRE(hard_bytes(*standby.region) == hard_bytes(*source.region));
  });
}

TEST_CASE("P7: epochs follow each other, are committed or lost at any byte, and shipped anew") {
  const wire::Encoding encoding = either_encoding();
  for_seeds(60, [&](Random& random) {
    InSync s(random, 20, 1u << 20, encoding);
    Snapshot committed = hard_bytes(*s.standby.region);
    for (std::uint64_t epoch = 2; epoch < 12; ++epoch) {
      s.source.worker.work(random, epoch, 20);
      const bool lost = one_in(random, 3);
      Stream shipment = s.source.epoch(epoch);
      if (lost) {
        shipment.resize(below(random, shipment.size()));
      }
      REQUIRE(s.standby.feed(shipment, 1 + below(random, 3000)));
      if (lost) {
        s.standby.reconnect();
        s.source.forget_shipment();
        REQUIRE(hard_bytes(*s.standby.region) == committed);
        s.source.worker.marks.hard->mark(region::kDataOffset,
                                         s.source.region->soft_begin() - region::kDataOffset);
      } else {
        committed = hard_bytes(*s.source.region);
        REQUIRE(hard_bytes(*s.standby.region) == committed);
      }
    }
  });
}

TEST_CASE("an epoch larger than the reserved memory is refused, and undone") {
  Random random(Catch::rngSeed());
  InSync s(random, 100, 64 << 10);
  const std::uint32_t lines = 100;
  Status done;
  for (std::uint32_t index = 0; done && index < 100; ++index) {
    HandMade group = group_at(kFirstLine, lines);
    group.index = index;
    done = s.standby.feed(group.frame());
  }
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::resource_exhausted);
  s.standby.reconnect();
  CHECK(all_bytes(*s.standby.region) == s.at_first);
}

TEST_CASE("P8: a standby that restarts holds nothing and takes nothing before a sync in full") {
  Random random(Catch::rngSeed());
  InSync s(random);
  const Stream shipment = s.source.epoch(2);
  Standby reborn;
  CHECK_FALSE(reborn.receiver.in_sync());
  const Snapshot before = all_bytes(*reborn.region);
  CHECK_FALSE(reborn.feed(shipment));
  reborn.reconnect();
  CHECK(all_bytes(*reborn.region) == before);
  CHECK(reborn.region->is_empty());
  REQUIRE(reborn.feed(s.source.first_sync(3)));
  CHECK(hard_bytes(*reborn.region) == hard_bytes(*s.source.region));
}

TEST_CASE("M7: a first sync that is cut short at any frame leaves nothing") {
  Random random(Catch::rngSeed());
  Source source;
  source.worker.work(random, 1, 100);
  const Stream sync = source.first_sync(5);
  Standby standby;
  const Snapshot empty = all_bytes(*standby.region);
  std::size_t sent = 0;
  double progress = 0;
  for (const Stream& frame : frames_of(sync)) {
    sent += frame.size();
    if (sent == sync.size()) break;
    REQUIRE(standby.feed(std::span(sync).first(sent)));
    CHECK_FALSE(standby.receiver.in_sync());
    CHECK(standby.receiver.sync_progress() >= progress);
    progress = standby.receiver.sync_progress();
    standby.reconnect();
    CHECK(all_bytes(*standby.region) == empty);
    CHECK(standby.receiver.committed() == 0);
    CHECK(standby.receiver.term() == 0);
  }
  CHECK(progress > 0.5);
  REQUIRE(standby.feed(sync));
  CHECK(standby.receiver.sync_progress() == 1);
  CHECK(standby.receiver.committed() == 5);
  CHECK(standby.receiver.term() == kTerm);
}

TEST_CASE("M7: a new sync in the middle of an epoch begins from nothing") {
  Random random(Catch::rngSeed());
  InSync s(random);
  const std::vector<Stream> frames = frames_of(s.source.groups(2));
  REQUIRE(s.standby.feed(frames[0]));
  REQUIRE(s.standby.feed(s.source.first_sync(3)));
  CHECK(s.standby.receiver.committed() == 3);
  CHECK(data_bytes(*s.standby.region) == data_bytes(*s.source.region));
  s.standby.reconnect();
  CHECK(data_bytes(*s.standby.region) == data_bytes(*s.source.region));
}

TEST_CASE("a planned goodbye is kept for whoever asks, until the next connection") {
  Standby standby;
  CHECK_FALSE(standby.receiver.goodbye());
  REQUIRE(standby.feed(wire::make_frame(wire::Type::bye, wire::Bye{.term = kTerm, .committed_epoch = 8})));
  REQUIRE(standby.receiver.goodbye());
  CHECK(standby.receiver.goodbye()->committed_epoch == 8);
  standby.receiver.disconnected();
  CHECK(standby.receiver.goodbye());
  standby.receiver.connected();
  CHECK_FALSE(standby.receiver.goodbye());
}

}  // namespace stillwater::tests
