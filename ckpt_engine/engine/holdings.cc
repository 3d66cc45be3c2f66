#include "ckpt_engine/engine/holdings.h"

#include <algorithm>
#include <cstring>

namespace stillwater::engine {
namespace {

using region::kLineBytes;

wire::WireExtent wire_of(const region::Extent& extent) {
  return {static_cast<std::uint32_t>(extent.offset / kLineBytes),
          static_cast<std::uint32_t>(extent.bytes / kLineBytes)};
}

}  // namespace

std::vector<std::byte> frames_of(const Holdings& holdings) {
  std::vector<std::byte> frames;
  std::size_t at = 0;
  do {
    const std::size_t count =
        std::min<std::size_t>(holdings.changed.size() - at, wire::kHoldingsExtentsInFrame);
    const wire::HoldingsHeader header{.region_id = holdings.region_id,
                                      .acknowledged = holdings.epochs.acknowledged,
                                      .open = holdings.epochs.open,
                                      .extent_count = static_cast<std::uint32_t>(count),
                                      .more = at + count < holdings.changed.size() ? 1u : 0u};
    std::vector<std::byte> payload(sizeof(header) + count * sizeof(wire::WireExtent));
    std::memcpy(payload.data(), &header, sizeof(header));
    for (std::size_t i = 0; i < count; ++i) {
      const wire::WireExtent extent = wire_of(holdings.changed[at + i]);
      std::memcpy(payload.data() + sizeof(header) + i * sizeof(extent), &extent, sizeof(extent));
    }
    const auto frame = wire::make_frame(wire::Type::holdings, wire::Bytes(payload));
    frames.insert(frames.end(), frame.begin(), frame.end());
    at += count;
  } while (at < holdings.changed.size());
  return frames;
}

Status HoldingsReader::take(const wire::Frame& frame) {
  wire::HoldingsHeader header;
  if (told_) return fail(Errc::protocol, "what a node holds is told once a connection");
  if (frame.payload.size() < sizeof(header)) return fail(Errc::protocol, "a message has the wrong length");
  std::memcpy(&header, frame.payload.data(), sizeof(header));
  if (frame.payload.size() != sizeof(header) + header.extent_count * sizeof(wire::WireExtent))
    return fail(Errc::protocol, "a message has the wrong length");
  if (header.more > 1 || header.acknowledged >= wire::kEpochEnd || header.open >= wire::kEpochEnd)
    return fail(Errc::protocol, "what a node holds makes no sense");
  if (holdings_.changed.size() + header.extent_count > kHoldingsExtentsMax)
    return fail(Errc::protocol, "a node holds more changes than may be told");
  holdings_.region_id = header.region_id;
  holdings_.epochs = {header.acknowledged, header.open};
  for (std::uint32_t i = 0; i < header.extent_count; ++i) {
    wire::WireExtent extent;
    std::memcpy(&extent, frame.payload.data() + sizeof(header) + i * sizeof(extent), sizeof(extent));
    holdings_.changed.push_back(
        {std::uint64_t{extent.first_line} * kLineBytes, std::uint64_t{extent.line_count} * kLineBytes});
  }
  told_ = header.more == 0;
  return {};
}

}  // namespace stillwater::engine
