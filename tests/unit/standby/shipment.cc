#include "tests/unit/standby/shipment.h"

#include <xxhash.h>

namespace stillwater::tests {

Stream HandMade::payload() const {
  const wire::GroupHeader header{.epoch = epoch,
                                 .index = index,
                                 .extent_count = static_cast<std::uint32_t>(extents.size()) + extra_extents,
                                 .line_count = static_cast<std::uint32_t>(lines),
                                 .encoding = wire::Encoding::as_they_are,
                                 .lines_check = 0};
  Stream out(sizeof(header) + lines * region::kLineBytes + extents.size() * sizeof(extents[0]), fill);
  std::memcpy(out.data(), &header, sizeof(header));
  if (!extents.empty())
    std::memcpy(out.data() + sizeof(header) + lines * region::kLineBytes, extents.data(),
                extents.size() * sizeof(extents[0]));
  return out;
}

HandMade group_at(std::uint64_t first_line, std::uint32_t count) {
  HandMade group;
  group.extents = {{static_cast<std::uint32_t>(first_line), count}};
  group.lines = count;
  return group;
}

std::vector<Stream> frames_of(const Stream& stream) {
  std::vector<Stream> frames;
  Stream copy = stream;
  std::span<std::byte> rest(copy);
  while (!rest.empty()) {
    const auto frame = wire::parse(rest);
    REQUIRE(frame);
    REQUIRE(frame->has_value());
    const std::size_t bytes = sizeof(wire::FrameHeader) + (*frame)->payload.size();
    frames.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(bytes));
    rest = rest.subspan(bytes);
  }
  return frames;
}

wire::Commit record_of(const Stream& groups, std::uint64_t epoch) {
  std::vector<std::uint64_t> checks;
  for (const Stream& frame : frames_of(groups)) {
    wire::FrameHeader header;
    std::memcpy(&header, frame.data(), sizeof(header));
    checks.push_back(header.check);
  }
  return {.epoch = epoch,
          .term = kTerm,
          .region_id = kOurRegion,
          .config_generation = epoch * 10,
          .region_now_ns = static_cast<std::int64_t>(epoch) * 1000,
          .checksum = XXH3_64bits(checks.data(), checks.size() * sizeof(checks[0])),
          .group_count = static_cast<std::uint32_t>(checks.size()),
          .reserved = 0};
}

Stream Source::first_sync(std::uint64_t number) {
  Stream stream = wire::make_frame(wire::Type::sync_begin,
                                   wire::SyncBegin{kOurRegion, kTerm, number - 1, region->size()});
  const region::Extent everything{region::kDataOffset, region->size() - region::kDataOffset};
  REQUIRE(staging_.gather(*region, {&everything, 1}, 0, 0));
  for (const auto frame : staging_.seal(wire::Type::sync_lines)) append(stream, {frame.begin(), frame.end()});
  worker.marks.hard->clear();
  worker.marks.soft->clear();
  shipment_.forget();
  append(stream, epoch(number));
  return stream;
}

Stream Source::groups(std::uint64_t number) {
  std::vector<region::Extent> extents;
  worker.marks.hard->append_to(extents);
  worker.marks.hard->clear();
  REQUIRE(staging_.gather(*region, extents, number, 0));
  Recorder sent;
  if (encoding_ == wire::Encoding::packed) {
    for (const auto staged : staging_.frames()) REQUIRE(shipment_.add_group(sent, staged));
    REQUIRE(shipment_.send(sent));
  } else {
    for (const auto frame : staging_.seal(wire::Type::group)) REQUIRE(sent.send(frame));
  }
  return sent.stream;
}

Stream Source::epoch(std::uint64_t number) {
  Stream stream = groups(number);
  append(stream, wire::make_frame(wire::Type::commit, record_of(stream, number)));
  return stream;
}

Status Standby::feed(std::span<const std::byte> stream, std::size_t piece) {
  while (!stream.empty()) {
    const auto space = receiver.space();
    if (space.empty()) return fail(Errc::resource_exhausted, "no space");
    const std::size_t n = std::min({space.size(), stream.size(), piece});
    std::memcpy(space.data(), stream.data(), n);
    if (Status done = receiver.received(n); !done) return done;
    stream = stream.subspan(n);
  }
  return {};
}

}  // namespace stillwater::tests
