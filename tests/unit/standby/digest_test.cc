// Digests as a standby takes them: compared at the commit, and nothing but a right frame is taken.
#include "tests/unit/standby/shipment.h"

namespace stillwater::tests {
namespace {

struct DigestFrame {
  wire::DigestHeader header{2, 0, 0};
  std::vector<wire::ChunkDigest> chunks;
  int extra_chunks = 0;  // said, but not there

  [[nodiscard]] Stream frame() const {
    wire::DigestHeader said = header;
    said.chunk_count = static_cast<std::uint32_t>(static_cast<int>(chunks.size()) + extra_chunks);
    Stream payload(sizeof(said) + chunks.size() * sizeof(wire::ChunkDigest));
    std::memcpy(payload.data(), &said, sizeof(said));
    if (!chunks.empty())
      std::memcpy(payload.data() + sizeof(said), chunks.data(), payload.size() - sizeof(said));
    return wire::make_frame(wire::Type::digest, wire::Bytes(payload));
  }
};

wire::ChunkDigest digest_of(const region::Region& region, std::uint64_t first_line, std::uint32_t lines) {
  const std::uint64_t offset = first_line * region::kLineBytes;
  return {{static_cast<std::uint32_t>(first_line), lines},
          wire::digest_of({region.base() + offset, lines * region::kLineBytes})};
}

DigestFrame digests_of(const region::Region& region, std::uint64_t first_line, std::uint32_t lines) {
  DigestFrame digests;
  digests.chunks = {digest_of(region, first_line, lines)};
  return digests;
}

// A standby in sync with its source at epoch 1, and the source one epoch further.
struct InSync {
  InSync() {
    source.worker.work(random, 1, 100);
    REQUIRE(standby.feed(source.first_sync()));
    static_cast<void>(standby.receiver.take_output());
    source.worker.work(random, 2, 50);
    groups = source.groups(2);
    record = wire::make_frame(wire::Type::commit, record_of(groups, 2));
  }
  [[nodiscard]] Stream epoch(const Stream& digests) const {
    Stream stream = groups;
    append(stream, digests);
    append(stream, record);
    return stream;
  }
  [[nodiscard]] bool holds_nothing() const {
    return standby.region->is_empty() && standby.receiver.committed() == 0 &&
           data_bytes(*standby.region) == Snapshot(standby.region->size() - region::kDataOffset);
  }

  Random random{Catch::rngSeed()};
  Source source;
  Standby standby;
  Stream groups, record;
  std::uint64_t soft_line = standby.region->soft_begin() / region::kLineBytes;
};

wire::Type type_of_output(Standby& standby) {
  Stream output = standby.receiver.take_output();
  const auto frame = wire::parse(output);
  REQUIRE(frame);
  REQUIRE(frame->has_value());
  return (*frame)->type;
}

}  // namespace

TEST_CASE("digests that agree change nothing about a commit") {
  InSync s;
  DigestFrame all;
  for (std::uint64_t line = kFirstLine; line < s.soft_line; line += 64)
    all.chunks.push_back(digest_of(*s.source.region, line, 64));
  REQUIRE(s.standby.feed(s.epoch(all.frame())));
  CHECK(s.standby.receiver.committed() == 2);
  CHECK(type_of_output(s.standby) == wire::Type::ack);
  CHECK(hard_bytes(*s.source.region) == hard_bytes(*s.standby.region));
  CHECK_FALSE(s.standby.receiver.aborted());
}

TEST_CASE(
    "a digest that differs aborts the epoch: the standby holds nothing, says where, and is no standby") {
  InSync s;
  DigestFrame digests = digests_of(*s.source.region, kFirstLine, 64);
  digests.chunks.push_back(digest_of(*s.source.region, kFirstLine + 64, 64));
  digests.chunks.back().digest ^= 1;
  REQUIRE(s.standby.feed(s.epoch(digests.frame())));
  CHECK(type_of_output(s.standby) == wire::Type::abort);
  REQUIRE(s.standby.receiver.aborted());
  const wire::Abort& abort = *s.standby.receiver.aborted();
  CHECK(abort.epoch == 2);
  CHECK(abort.term == kTerm);
  CHECK(abort.reason == wire::AbortReason::digest_mismatch);
  CHECK(abort.offset == (kFirstLine + 64) * region::kLineBytes);
  CHECK(abort.bytes == 64 * region::kLineBytes);
  CHECK_FALSE(s.standby.receiver.in_sync());
  CHECK(s.holds_nothing());

  CHECK_FALSE(s.standby.feed(group_at(kFirstLine).frame()));  // nothing but a new sync is taken
  s.standby.reconnect();
  CHECK_FALSE(s.standby.receiver.aborted());
  REQUIRE(s.standby.feed(s.source.first_sync(7)));
  CHECK(s.standby.receiver.in_sync());
  CHECK(s.standby.receiver.committed() == 7);
  CHECK(data_bytes(*s.source.region) == data_bytes(*s.standby.region));
}

TEST_CASE("a digest of a first sync's last epoch is compared as well") {
  Source source;
  Random random(Catch::rngSeed());
  source.worker.work(random, 1, 100);
  Standby standby;
  Stream stream = wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 0, 4096});
  DigestFrame digests = digests_of(*source.region, kFirstLine, 64);
  digests.header.epoch = 1;
  digests.chunks[0].digest ^= 1;  // of lines that never came
  append(stream, digests.frame());
  append(stream, wire::make_frame(wire::Type::commit, record_of({}, 1)));
  REQUIRE(standby.feed(stream));
  CHECK(type_of_output(standby) == wire::Type::abort);
  CHECK_FALSE(standby.receiver.in_sync());
}

TEST_CASE("a digest is of the epoch that it came with: a lost connection takes it along") {
  InSync s;
  DigestFrame wrong = digests_of(*s.source.region, kFirstLine, 64);
  wrong.chunks[0].digest ^= 1;
  Stream partial = s.groups;
  append(partial, wrong.frame());
  REQUIRE(s.standby.feed(partial));
  s.standby.reconnect();
  CHECK(s.standby.receiver.committed() == 1);
  REQUIRE(s.standby.feed(s.epoch({})));
  CHECK(s.standby.receiver.committed() == 2);
}

TEST_CASE("D4: memory that is protected here is not compared: there the two sides may differ") {
  const region::Extent range{region::kDataOffset + 2 * region::kPageBytes, region::kLineBytes};
  Standby standby(1u << 20, {range});
  Stream sync = wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 0, 4096});
  append(sync, wire::make_frame(wire::Type::commit, record_of({}, 1)));
  REQUIRE(standby.feed(sync));
  static_cast<void>(standby.receiver.take_output());
  const bool is_protected = GENERATE(true, false);
  DigestFrame digests = digests_of(*standby.region, is_protected ? kFirstLine + 2 * 64 : kFirstLine, 64);
  digests.chunks[0].digest ^= 1;
  Stream epoch = digests.frame();
  append(epoch, wire::make_frame(wire::Type::commit, record_of({}, 2)));
  REQUIRE(standby.feed(epoch));
  CHECK(type_of_output(standby) == (is_protected ? wire::Type::ack : wire::Type::abort));
}

TEST_CASE("a digest frame makes a standby read its hard memory once at most") {
  InSync s;
  const std::uint32_t hard_lines = static_cast<std::uint32_t>(s.soft_line) - kFirstLine;
  DigestFrame whole = digests_of(*s.source.region, kFirstLine, hard_lines);
  const bool more = GENERATE(false, true);
  if (more) whole.chunks.push_back(digest_of(*s.source.region, kFirstLine, 1));
  const Status done = s.standby.feed(s.epoch(whole.frame()));
  CHECK(done.has_value() == !more);
  CHECK(s.standby.receiver.committed() == (more ? 1 : 2));
  if (more) CHECK(done.error().code == Errc::refused);
}

TEST_CASE("digest frames that no active sends are refused, and the epoch before stays") {
  InSync s;
  const Snapshot before = all_bytes(*s.standby.region);
  const auto refuses = [&](const Stream& stream, Errc code) {
    const Status done = s.standby.feed(stream);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == code);
    s.standby.reconnect();
    CHECK(all_bytes(*s.standby.region) == before);
    CHECK(s.standby.receiver.committed() == 1);
  };
  const region::Region& there = *s.source.region;
  const DigestFrame good = digests_of(there, kFirstLine, 64);
  Stream twice = good.frame();
  append(twice, good.frame());
  refuses(twice, Errc::protocol);
  DigestFrame committed = good;
  committed.header.epoch = 1;
  refuses(committed.frame(), Errc::protocol);
  for (const int extra : {1, -1, 1000}) {
    DigestFrame uneven = good;
    uneven.extra_chunks = extra;
    refuses(uneven.frame(), Errc::protocol);
  }
  refuses(DigestFrame{}.frame(), Errc::protocol);
  refuses(wire::make_frame(wire::Type::digest, wire::Bytes{}), Errc::protocol);
  const std::pair<std::uint64_t, std::uint32_t> places[] = {
      {0, 64},          {kProfileLine, 64},        {kFirstLine - 1, 2}, {kFirstLine, 0}, {s.soft_line - 1, 2},
      {s.soft_line, 1}, {0xffff'ffff, 0xffff'ffff}};
  for (const auto& [line, count] : places) {
    CAPTURE(line, count);
    DigestFrame outside;
    outside.chunks = {{{static_cast<std::uint32_t>(line), count}, 7}};
    refuses(outside.frame(), Errc::refused);
  }
  CHECK_FALSE(Standby{}.feed(good.frame()));
}

}  // namespace stillwater::tests
