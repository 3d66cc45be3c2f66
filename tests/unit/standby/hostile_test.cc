// Input that no active sends: refused with a reason, and nothing of it stays.
#include "ckpt_engine/engine/holdings.h"
#include "ckpt_engine/wire/formats.h"
#include "tests/unit/standby/shipment.h"

namespace stillwater::tests {
namespace {

constexpr region::Extent kProtectedRange{region::kDataOffset + 4096, 64 * 3};

struct Attacked {
  Attacked() : standby(1u << 20, {kProtectedRange}) {
    Random random(Catch::rngSeed());
    source.worker.work(random, 1, 100);
    std::vector<region::Extent> extents;
    Stream sync = wire::make_frame(wire::Type::sync_begin,
                                   wire::SyncBegin{kOurRegion, kTerm, 0, source.region->size()});
    append(sync, wire::make_frame(wire::Type::commit, record_of({}, 1)));
    REQUIRE(standby.feed(sync));
    before = all_bytes(*standby.region);
  }
  // Refused with `code`, the region untouched at once, and after the connection is gone.
  void refuses(const Stream& stream, Errc code) {
    const Status done = standby.feed(stream);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == code);
    CHECK_FALSE(done.error().message.empty());
    CHECK(all_bytes(*standby.region) == before);
    CHECK_FALSE(standby.feed(HandMade{group_at(kFirstLine)}.frame()));  // nothing is taken behind it
    standby.reconnect();
    CHECK(all_bytes(*standby.region) == before);
    CHECK(standby.receiver.committed() == 1);
  }
  std::uint64_t end_line() const { return standby.region->size() / 64; }
  std::uint64_t soft_line() const { return standby.region->soft_begin() / 64; }

  Source source;
  Standby standby;
  Snapshot before;
};

}  // namespace

TEST_CASE("D4: a transfer that touches the header, the profile, a protected range or no memory is refused") {
  Attacked a;
  const std::uint32_t protected_line = kProtectedRange.offset / 64;
  const std::pair<std::uint64_t, std::uint32_t> places[] = {
      {0, 1},                 // header
      {kProfileLine - 1, 2},  // header into profile
      {kProfileLine, 1},
      {kFirstLine - 1, 2},  // profile into data
      {protected_line, 1},
      {protected_line + 2, 1},
      {protected_line - 1, 2},
      {protected_line - 1, 10},  // around it
      {a.end_line(), 1},         // behind the end
      {a.end_line() - 1, 2},     // across the end
      {0xffff'ffff, 1},
      {0xffff'fff0, 16},
      {0xffff'ffff, 0xffff'ffff},
      {kFirstLine, 0xffff'ffff},
  };
  for (const auto& [line, count] : places) {
    for (const wire::Type type : {wire::Type::group, wire::Type::soft}) {
      CAPTURE(line, count, static_cast<int>(type));
      HandMade group = group_at(line, count);
      group.lines = count > 100 ? 1 : count;
      a.refuses(group.frame(type), Errc::refused);
    }
  }
  REQUIRE(a.standby.feed(group_at(protected_line - 1).frame()));
  HandMade behind = group_at(protected_line + 3);
  behind.index = 1;
  CHECK(a.standby.feed(behind.frame()));
}

TEST_CASE("D4: a first sync may not touch them either") {
  for (const std::uint64_t line : {std::uint64_t{0}, std::uint64_t{64}, kProtectedRange.offset / 64}) {
    Attacked a;
    REQUIRE(a.standby.feed(
        wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 0, 4096})));
    const Status done = a.standby.feed(group_at(line).frame(wire::Type::sync_lines));
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::refused);
    CHECK(a.standby.region->profile_page()[0] == std::byte{0x77});
  }
}

TEST_CASE("D4: one bad extent among good ones refuses the group whole") {
  Attacked a;
  HandMade group = group_at(kFirstLine, 2);
  group.extents.push_back({64, 1});
  group.lines = 3;
  a.refuses(group.frame(), Errc::refused);
}

TEST_CASE("soft lines may not touch hard memory") {
  Attacked a;
  a.refuses(group_at(a.soft_line() - 1).frame(wire::Type::soft), Errc::refused);
  a.refuses(group_at(a.soft_line() - 1, 2).frame(wire::Type::soft), Errc::refused);
  CHECK(a.standby.feed(group_at(a.soft_line()).frame(wire::Type::soft)));
}

TEST_CASE("groups whose parts do not agree are refused") {
  Attacked a;
  HandMade none = group_at(kFirstLine, 0);
  a.refuses(none.frame(), Errc::refused);
  HandMade more = group_at(kFirstLine);
  more.extra_extents = 1;  // reads lines as extents
  CHECK_FALSE(a.standby.feed(more.frame()));
  a.standby.reconnect();
  HandMade huge = group_at(kFirstLine);
  huge.extra_extents = 0xffff'fffe;
  a.refuses(huge.frame(), Errc::protocol);
  HandMade short_of_lines = group_at(kFirstLine, 2);
  short_of_lines.lines = 1;
  a.refuses(short_of_lines.frame(), Errc::protocol);
  HandMade too_many_lines = group_at(kFirstLine, 1);
  too_many_lines.lines = 2;
  a.refuses(too_many_lines.frame(), Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::group, wire::Bytes(std::as_bytes(std::span("short")))),
            Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::group, wire::Bytes{}), Errc::protocol);
  CHECK(all_bytes(*a.standby.region) == a.before);
}

TEST_CASE("P6: groups and records out of order, replayed, or of another epoch, region or term are refused") {
  Attacked a;
  HandMade next = group_at(kFirstLine);
  next.index = 1;
  a.refuses(next.frame(), Errc::protocol);
  HandMade old = group_at(kFirstLine);
  old.epoch = 1;
  a.refuses(old.frame(), Errc::protocol);

  const Stream group = group_at(kFirstLine).frame();
  REQUIRE(a.standby.feed(group));
  CHECK_FALSE(a.standby.feed(group));  // replayed
  a.standby.reconnect();
  CHECK(all_bytes(*a.standby.region) == a.before);

  const auto refused_record = [&](const char* what, auto change, Errc code) {
    INFO(what);
    wire::Commit record = record_of(group, 2);
    change(record);
    REQUIRE(a.standby.feed(group));
    const Status done = a.standby.feed(wire::make_frame(wire::Type::commit, record));
    REQUIRE_FALSE(done);
    CHECK(done.error().code == code);
    CHECK(a.standby.receiver.committed() == 1);
    CHECK(a.standby.region->header().epoch == 1);
    a.standby.reconnect();
    CHECK(all_bytes(*a.standby.region) == a.before);
    CHECK(a.standby.receiver.take_output().empty());
  };
  refused_record(
      "epoch before", [](auto& r) { r.epoch = 1; }, Errc::protocol);
  refused_record(
      "epoch after", [](auto& r) { r.epoch = 3; }, Errc::protocol);
  refused_record(
      "another region", [](auto& r) { r.region_id[3] ^= 1; }, Errc::protocol);
  refused_record(
      "another term", [](auto& r) { r.term += 1; }, Errc::protocol);
  refused_record(
      "a group too few", [](auto& r) { r.group_count = 0; }, Errc::protocol);
  refused_record(
      "a group too many", [](auto& r) { r.group_count = 2; }, Errc::protocol);
  refused_record(
      "a clock before the region began", [](auto& r) { r.region_now_ns = -1; }, Errc::protocol);
  refused_record(
      "a clock that cannot go on", [](auto& r) { r.region_now_ns = wire::kRegionNowEnd; }, Errc::protocol);
  refused_record(
      "another checksum", [](auto& r) { r.checksum ^= 1; }, Errc::corrupt);
}

TEST_CASE("P6: a record that was committed already is refused, and the epoch stays committed") {
  Attacked a;
  Stream epoch = group_at(kFirstLine).frame();
  const auto record = wire::make_frame(wire::Type::commit, record_of(epoch, 2));
  append(epoch, record);
  REQUIRE(a.standby.feed(epoch));
  const Snapshot after = all_bytes(*a.standby.region);
  CHECK_FALSE(a.standby.feed(record));
  a.standby.reconnect();
  CHECK(all_bytes(*a.standby.region) == after);
  CHECK_FALSE(a.standby.feed(epoch));
  a.standby.reconnect();
  CHECK(all_bytes(*a.standby.region) == after);
  CHECK(a.standby.receiver.committed() == 2);
}

TEST_CASE("messages at the wrong moment, or not for a standby, are refused") {
  Attacked a;
  a.refuses(group_at(kFirstLine).frame(wire::Type::sync_lines), Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::hello, wire::Hello{}), Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::ack, wire::Ack{1, kTerm}), Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::abort, wire::Abort{}), Errc::protocol);
  a.refuses(wire::make_refusal("no"), Errc::protocol);
  a.refuses(wire::make_frame(static_cast<wire::Type>(77), wire::Bytes{}), Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::commit, wire::Ack{2, kTerm}), Errc::protocol);  // wrong length
  a.refuses(wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{{}, kTerm, 0, 0}), Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, ~0ull, 0}),
            Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, wire::kEpochEnd, 0}),
            Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 1, 0, 2}),
            Errc::protocol);
  a.refuses(wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{{9, 9}, kTerm, 1, 0, 1}),
            Errc::protocol);
  a.refuses(engine::frames_of(engine::Holdings{kOurRegion, {1}, {}}), Errc::protocol);
  HandMade last = group_at(kFirstLine);
  last.epoch = wire::kEpochEnd;
  a.refuses(last.frame(), Errc::protocol);

  Standby empty;
  CHECK_FALSE(empty.feed(group_at(a.soft_line()).frame(wire::Type::soft)));
  CHECK_FALSE(Standby{}.feed(wire::make_frame(wire::Type::commit, record_of({}, 1))));
}

TEST_CASE("a first sync onto what a node holds is refused by one that holds nothing, or half of it") {
  const Stream onto = wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 1, 0, 1});
  CHECK_FALSE(Standby{}.feed(onto));
  Attacked a;
  REQUIRE(a.standby.feed(onto));
  CHECK_FALSE(a.standby.receiver.in_sync());
  CHECK_FALSE(a.standby.feed(onto));
  a.standby.reconnect();
  CHECK(a.standby.region->is_empty());
  CHECK(data_bytes(*a.standby.region) == Snapshot(a.standby.region->size() - region::kDataOffset));
}

TEST_CASE("what was read of a frame outlives the copy that is forgotten meanwhile") {
  const Stream begin = wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 1, 4096});
  for (std::size_t cut = 1; cut < begin.size(); ++cut) {
    CAPTURE(cut);
    Attacked a;
    REQUIRE(a.standby.feed(Stream(begin.begin(), begin.begin() + static_cast<std::ptrdiff_t>(cut))));
    a.standby.receiver.forget();
    REQUIRE(a.standby.feed(Stream(begin.begin() + static_cast<std::ptrdiff_t>(cut), begin.end())));
    CHECK(a.standby.feed(group_at(kFirstLine).frame(wire::Type::sync_lines)));
  }
}

TEST_CASE("a sync's lines are refused once its first group has arrived") {
  Standby standby;
  Stream stream = wire::make_frame(wire::Type::sync_begin, wire::SyncBegin{kOurRegion, kTerm, 1, 4096});
  append(stream, group_at(kFirstLine).frame(wire::Type::sync_lines));
  append(stream, group_at(kFirstLine).frame());
  REQUIRE(standby.feed(stream));
  CHECK_FALSE(standby.feed(group_at(kFirstLine + 1).frame(wire::Type::sync_lines)));
}

TEST_CASE(
    "a wire format that this node does not speak, and a frame larger than its type allows, are refused by "
    "their header") {
  Attacked a;
  const Stream good = group_at(kFirstLine).frame();
  Stream header(good.begin(), good.begin() + sizeof(wire::FrameHeader));
  const unsigned unknown = wire::formats_spoken().newest + 1;
  header[4] = static_cast<std::byte>(unknown);
  const Status version = a.standby.feed(header);
  REQUIRE_FALSE(version);
  CHECK(version.error().code == Errc::protocol);
  CHECK(version.error().message.find("format " + std::to_string(unknown)) != std::string::npos);
  a.standby.reconnect();

  header[4] = std::byte{1};
  const std::uint32_t too_long = wire::kLinesPayloadMax + 1;
  std::memcpy(header.data() + 8, &too_long, sizeof(too_long));
  const Status oversized = a.standby.feed(header);
  REQUIRE_FALSE(oversized);
  CHECK(oversized.error().code == Errc::protocol);
}

TEST_CASE("P7: a bit flipped anywhere in a shipment is found, and the standby is the epoch before") {
  Attacked a;
  Stream shipment = group_at(kFirstLine, 3).frame();
  HandMade second = group_at(kFirstLine + 22, 2);
  second.index = 1;
  append(shipment, second.frame());
  append(shipment, wire::make_frame(wire::Type::commit, record_of(shipment, 2)));
  Random random(Catch::rngSeed());
  for (std::size_t at = 0; at < shipment.size(); ++at) {
    CAPTURE(at);
    Stream flipped = shipment;
    flipped[at] ^= static_cast<std::byte>(1u << below(random, 8));
    // A flipped length may make the receiver wait for more; what it never does is commit.
    const Status done = a.standby.feed(flipped);
    if (!done) REQUIRE_FALSE(done.error().message.empty());
    REQUIRE(a.standby.receiver.committed() == 1);
    a.standby.reconnect();
    REQUIRE(all_bytes(*a.standby.region) == a.before);
  }
  REQUIRE(a.standby.feed(shipment));
  CHECK(a.standby.receiver.committed() == 2);
}

TEST_CASE("random bytes, and random payloads in right frames, change nothing") {
  Attacked a;
  for_seeds(3000, [&](Random& random) {
    Stream noise(below(random, 400));
    for (std::byte& b : noise) b = static_cast<std::byte>(random());
    if (one_in(random, 2)) {
      const auto type = static_cast<wire::Type>(5 + below(random, 7));
      if (noise.size() >= sizeof(wire::GroupHeader) && one_in(random, 2)) {
        const wire::GroupHeader header{.epoch = 2,
                                       .index = 0,
                                       .extent_count = static_cast<std::uint32_t>(below(random, 8)),
                                       .line_count = static_cast<std::uint32_t>(below(random, 8)),
                                       .encoding = static_cast<wire::Encoding>(below(random, 3)),
                                       .lines_check = 0};
        std::memcpy(noise.data(), &header, sizeof(header));
      }
      noise = wire::make_frame(type, wire::Bytes(noise));
    }
    [[maybe_unused]] const Status done = a.standby.feed(noise);
    a.standby.reconnect();
    REQUIRE(a.standby.receiver.committed() == 1);
    REQUIRE(all_bytes(*a.standby.region) == a.before);
  });
}

TEST_CASE("a heartbeat is taken whole and unharmed or not at all") {
  wire::Heartbeat heartbeat{};
  heartbeat.sender = wire::name_digest("fw-a");
  heartbeat.term = kTerm;
  wire::seal(heartbeat);
  Stream bytes(sizeof(heartbeat));
  std::memcpy(bytes.data(), &heartbeat, sizeof(heartbeat));
  REQUIRE(wire::parse_heartbeat(bytes));
  CHECK(wire::parse_heartbeat(bytes)->sender == heartbeat.sender);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    Stream flipped = bytes;
    flipped[at] ^= std::byte{0x10};
    CHECK_FALSE(wire::parse_heartbeat(flipped));
    CHECK_FALSE(wire::parse_heartbeat(std::span(bytes).first(at)));
  }
  bytes.push_back(std::byte{0});
  CHECK_FALSE(wire::parse_heartbeat(bytes));
}

}  // namespace stillwater::tests
