// Packed lines: the same lines come out, whatever the processor; what is no packing of lines is refused
// whole.
#include "ckpt_engine/wire/lines.h"
#include "tests/unit/standby/shipment.h"

namespace stillwater::tests {
namespace {

using region::kLineBytes;
using wire::Instructions;

// Lines of a region of `kLines`, and what its receiver holds there.
struct Group {
  static constexpr std::uint32_t kLines = 512;

  explicit Group(Random& random) : mine(kLines * kLineBytes), receivers(mine) {
    for (std::byte& b : receivers) b = one_in(random, 3) ? std::byte{0} : static_cast<std::byte>(random());
    mine = receivers;
    const std::uint64_t one_of = 1 + below(random, 64);
    for (std::byte& b : mine)
      if (one_in(random, one_of)) b = static_cast<std::byte>(random());
    for (std::uint32_t line = 0; line < kLines;) {
      line += static_cast<std::uint32_t>(below(random, 90));
      const auto count = static_cast<std::uint32_t>(1 + below(random, 3));
      if (line + count > kLines) break;
      extents.push_back({line, count});
      line += count;
    }
    for (const auto& e : extents)
      lines.insert(lines.end(), mine.begin() + e.first_line * kLineBytes,
                   mine.begin() + (e.first_line + e.line_count) * kLineBytes);
  }
  // `knows`: of the receiver's lines, one of so many.
  [[nodiscard]] Stream packed(Random& random, std::uint64_t knows, Instructions instructions) const {
    const auto count = static_cast<std::uint32_t>(lines.size() / kLineBytes);
    const wire::GroupHeader header{.epoch = 2,
                                   .index = 0,
                                   .extent_count = static_cast<std::uint32_t>(extents.size()),
                                   .line_count = count,
                                   .encoding = wire::Encoding::packed,
                                   .lines_check = 0};
    Stream payload(wire::Packer::bytes_max(extents.size(), count));
    wire::Packer packer(payload.data(), header, instructions);
    for (const auto& e : extents) packer.add_extent(e);
    const std::byte* line = lines.data();
    for (const auto& e : extents)
      for (std::uint32_t n = 0; n < e.line_count; ++n, line += kLineBytes)
        packer.add_line(line,
                        one_in(random, knows) ? receivers.data() + (e.first_line + n) * kLineBytes : nullptr);
    const std::byte* end = packer.finish(wire::lines_check(lines));
    REQUIRE(end <= payload.data() + payload.size());
    payload.resize(static_cast<std::size_t>(end - payload.data()));
    return payload;
  }
  [[nodiscard]] Status unpacks(Stream payload, Instructions instructions = Instructions::best) const {
    const auto parsed = wire::parse_lines(payload);
    if (!parsed) return tl::unexpected(parsed.error());
    for (const region::Extent& e : parsed->extents)
      if (e.offset + e.bytes > mine.size()) return fail(Errc::refused, "outside");
    Stream out(lines.size() + kLineBytes, std::byte{0x5a});
    if (parsed->header.line_count * kLineBytes > lines.size()) return fail(Errc::refused, "more");
    const Status done = wire::unpack(*parsed, receivers.data(), out.data(), instructions);
    REQUIRE(std::all_of(out.end() - kLineBytes, out.end(), [](std::byte b) { return b == std::byte{0x5a}; }));
    if (done) REQUIRE(std::equal(lines.begin(), lines.end(), out.begin()));
    return done;
  }

  Stream mine, receivers, lines;
  std::vector<wire::WireExtent> extents;
};

constexpr std::size_t kCheckAt = offsetof(wire::GroupHeader, lines_check);

}  // namespace

TEST_CASE(
    "packed lines come out as they went in, and are packed alike with and without special instructions") {
  for_seeds(500, [](Random& random) {
    const Group group(random);
    const std::uint64_t knows = 1 + below(random, 4);
    Random again = random;
    const Stream payload = group.packed(random, knows, Instructions::best);
    REQUIRE(group.packed(again, knows, Instructions::portable) == payload);
    REQUIRE(group.unpacks(payload, Instructions::best));
    REQUIRE(group.unpacks(payload, Instructions::portable));
  });
}

TEST_CASE("a packed group that is cut short, too long, or changed anywhere is refused") {
  for_seeds(30, [](Random& random) {
    const Group group(random);
    if (group.lines.empty()) return;
    const Stream payload = group.packed(random, 2, Instructions::best);
    for (const Instructions instructions : {Instructions::best, Instructions::portable}) {
      for (std::size_t n = 0; n < payload.size(); ++n)
        REQUIRE_FALSE(group.unpacks(Stream(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(n)),
                                    instructions));
      Stream longer = payload;
      longer.push_back(std::byte{0});
      REQUIRE_FALSE(group.unpacks(longer, instructions));
      for (std::size_t at = kCheckAt; at < payload.size(); ++at) {
        Stream changed = payload;
        changed[at] ^= static_cast<std::byte>(1u << below(random, 8));
        // Extents elsewhere may be as good as these, to whom does not know the lines: the frame's check
        // knows.
        const Status done = group.unpacks(changed, instructions);
        if (at < sizeof(wire::GroupHeader)) REQUIRE_FALSE(done);
      }
    }
  });
}

TEST_CASE("a sender that is wrong about the receiver's lines is found before one of them changes") {
  Random random(Catch::rngSeed());
  Source source;
  Standby standby;
  source.worker.work(random, 1, 100);
  REQUIRE(standby.feed(source.first_sync()));
  source.worker.work(random, 2, 30);
  REQUIRE(standby.feed(source.epoch(2)));
  const Snapshot before = all_bytes(*standby.region);
  source.worker.work(random, 3, 30);
  Stream lost = source.epoch(3);  // shipped, but for the sender's knowing that it never arrived
  bool refused = false;
  for (std::uint64_t epoch = 4; epoch < 40 && !refused; ++epoch) {
    source.worker.work(random, epoch, 30);
    const Status done = standby.feed(source.epoch(epoch));
    refused = !done && done.error().code == Errc::corrupt;
    if (!refused) FAIL("an epoch built on one that never arrived was taken");
  }
  CHECK(refused);
  standby.reconnect();
  CHECK(all_bytes(*standby.region) == before);
}

TEST_CASE("a packed group that says too much of itself is refused before memory is taken for it") {
  Random random(Catch::rngSeed());
  Source source;
  Standby standby;
  source.worker.work(random, 1, 100);
  REQUIRE(standby.feed(source.first_sync()));
  const Snapshot before = all_bytes(*standby.region);
  const auto refuses = [&](std::uint32_t extents, std::uint32_t lines, Stream rest, Errc code) {
    const wire::GroupHeader header{.epoch = 2,
                                   .index = 0,
                                   .extent_count = extents,
                                   .line_count = lines,
                                   .encoding = wire::Encoding::packed,
                                   .lines_check = 0};
    Stream payload(sizeof(header));
    std::memcpy(payload.data(), &header, sizeof(header));
    append(payload, rest);
    const Status done = standby.feed(wire::make_frame(wire::Type::group, wire::Bytes(payload)));
    REQUIRE_FALSE(done);
    CHECK(done.error().code == code);
    standby.reconnect();
    CHECK(all_bytes(*standby.region) == before);
  };
  const auto bytes = [](std::initializer_list<int> values) {
    Stream stream;
    for (const int value : values) stream.push_back(static_cast<std::byte>(value));
    return stream;
  };
  refuses(1, wire::kLinesMax + 1, bytes({}), Errc::protocol);
  refuses(2, 1, bytes({}), Errc::protocol);                                 // more extents than lines
  refuses(1, 1, bytes({}), Errc::protocol);                                 // no extent
  refuses(1, 1, bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0}), Errc::protocol);  // a number too long
  refuses(1, 1, bytes({0x80, 0x03, 1, 0}), Errc::corrupt);      // line 192 of zeroes, a wrong check
  refuses(1, 1, bytes({0x80, 0x03, 1, 1, 0}), Errc::protocol);  // a word of no bytes
  refuses(1, 1, bytes({0x80, 0x03, 5, 0}), Errc::protocol);     // a base behind the last line
  refuses(1, 1, bytes({0x80, 0x03, 0, 7}), Errc::protocol);     // 64 bytes that are not there
  refuses(1, 1, bytes({0x80, 0x02, 1, 0}), Errc::refused);      // line 128, the profile
  refuses(1, 3, bytes({0x81, 0x03, 0, 1, 0}), Errc::protocol);  // two lines, three said
  CHECK_FALSE(standby.feed(wire::make_frame(wire::Type::soft, wire::Bytes(bytes({0x80, 0x02})))));
}

TEST_CASE("soft lines may not refer to the receiver's") {
  Random random(Catch::rngSeed());
  Source source;
  Standby standby;
  REQUIRE(standby.feed(source.first_sync()));
  const std::uint64_t line = standby.region->soft_begin() / kLineBytes;
  const wire::GroupHeader header{
      .epoch = 0, .index = 0, .extent_count = 1, .line_count = 1, .encoding = {}, .lines_check = 0};
  const Stream zeroes(kLineBytes);
  for (const bool refers : {false, true}) {
    Stream payload(wire::Packer::bytes_max(1, 1));
    wire::Packer packer(payload.data(), header);
    packer.add_extent({static_cast<std::uint32_t>(line), 1});
    packer.add_line(zeroes.data(), refers ? zeroes.data() : nullptr);
    payload.resize(static_cast<std::size_t>(packer.finish(wire::lines_check(zeroes)) - payload.data()));
    CHECK(standby.feed(wire::make_frame(wire::Type::soft, wire::Bytes(payload))).has_value() == !refers);
  }
}

}  // namespace stillwater::tests
