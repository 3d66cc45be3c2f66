#include "ckpt_engine/engine/shipment.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "ckpt_engine/engine/staging.h"

namespace stillwater::engine {
namespace {

using region::kLineBytes;

constexpr std::size_t kFrameHeader = sizeof(wire::FrameHeader);
constexpr std::size_t kGroupMax =
    kFrameHeader + wire::Packer::bytes_max(Staging::kLinesPerGroup, Staging::kLinesPerGroup);
// An epoch of a few hundred lines is one send; of a large one each group is, and the standby applies it
// meanwhile.
constexpr std::size_t kSendAt = 4u << 10;
// Beside a group, what may follow an epoch's last one.
constexpr std::size_t kOutBytes =
    kSendAt + kGroupMax + 2 * kFrameHeader + wire::payload_max(wire::Type::digest) + sizeof(wire::Commit);
constexpr std::size_t kSortedBytes = Staging::kLinesPerGroup * kLineBytes;
constexpr std::size_t kPiecesAhead = 16;

}  // namespace

ShippedLines::ShippedLines(std::span<std::byte> memory)
    : memory_(memory),
      mask_(static_cast<std::uint32_t>(memory.size() / kLineBytes - 1)),
      numbers_(memory.size() / kLineBytes) {}

void ShippedLines::put(std::uint32_t line, const std::byte* bytes) {
  numbers_[line & mask_] = line;
  std::memcpy(copy_of(line), bytes, kLineBytes);
}

void ShippedLines::clear() { std::ranges::fill(numbers_, 0); }

// A quarter of staging: a bounded second copy, not one of the region.
std::size_t Shipment::bytes_for(std::size_t staging_bytes) {
  return kOutBytes + kSortedBytes + std::bit_floor(std::max(staging_bytes / 4, kLineBytes));
}

Shipment::Shipment(std::span<std::byte> memory)
    : shipped_(memory.subspan(kOutBytes + kSortedBytes)),
      out_(memory.first(kOutBytes)),
      sorted_(memory.subspan(kOutBytes, kSortedBytes)) {
  pieces_.reserve(Staging::kLinesPerGroup);
}

Result<std::uint64_t> Shipment::add_group(wire::Transport& to, std::span<const std::byte> staged) {
  return add_lines(to, staged, wire::Type::group, Against::shipped);
}

Status Shipment::add_soft(wire::Transport& to, std::span<const std::byte> staged) {
  return add_lines(to, staged, wire::Type::soft, Against::zeroes).map([](std::uint64_t) {});
}

Result<std::uint64_t> Shipment::add_lines(wire::Transport& to, std::span<const std::byte> staged,
                                          wire::Type type, Against against) {
  if (filled_ >= kSendAt)
    if (Status sent = send(to); !sent) return tl::unexpected(sent.error());
  std::byte* const frame = out_.data() + filled_;
  std::byte* const payload = frame + kFrameHeader;
  wire::GroupHeader header;
  std::memcpy(&header, staged.data() + kFrameHeader, sizeof(header));
  std::byte* end = nullptr;
  if (sort_extents(staged, header)) {
    end = pack(payload, header, against);
  } else {
    shipped_.clear();
    end = std::copy(staged.begin() + kFrameHeader, staged.end(), payload);
  }
  wire::FrameHeader outer;
  const std::uint64_t check = wire::seal(outer, type, {payload, end});
  std::memcpy(frame, &outer, sizeof(outer));
  filled_ = static_cast<std::size_t>(end - out_.data());
  return check;
}

// In the region's order gaps between extents are short, and records lie beside their like.
bool Shipment::sort_extents(std::span<const std::byte> staged, const wire::GroupHeader& header) {
  const std::byte* lines = staged.data() + kFrameHeader + sizeof(header);
  const std::byte* at = lines + std::size_t{header.line_count} * kLineBytes;
  pieces_.clear();
  for (std::uint32_t i = 0; i < header.extent_count; ++i, at += sizeof(wire::WireExtent)) {
    Piece piece{{}, lines};
    std::memcpy(&piece.extent, at, sizeof(piece.extent));
    lines += std::size_t{piece.extent.line_count} * kLineBytes;
    pieces_.push_back(piece);
  }
  std::ranges::sort(pieces_, {}, [](const Piece& piece) { return piece.extent.first_line; });
  return std::ranges::adjacent_find(pieces_, [](const Piece& a, const Piece& b) {
           return b.extent.first_line < std::uint64_t{a.extent.first_line} + a.extent.line_count;
         }) == pieces_.end();
}

std::byte* Shipment::pack(std::byte* payload, wire::GroupHeader header, Against against) {
  extents_.clear();
  for (const Piece& piece : pieces_) {
    if (!extents_.empty() &&
        extents_.back().first_line + extents_.back().line_count == piece.extent.first_line)
      extents_.back().line_count += piece.extent.line_count;
    else
      extents_.push_back(piece.extent);
  }
  header.extent_count = static_cast<std::uint32_t>(extents_.size());
  wire::Packer packer(payload, header);
  for (const wire::WireExtent& extent : extents_) packer.add_extent(extent);
  if (against == Against::shipped)
    for (std::size_t i = 0; i < std::min(kPiecesAhead, pieces_.size()); ++i)
      shipped_.prefetch(pieces_[i].extent.first_line);
  std::byte* line = sorted_.data();
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto& [extent, lines] = pieces_[i];
    if (against == Against::shipped && i + kPiecesAhead < pieces_.size())
      shipped_.prefetch(pieces_[i + kPiecesAhead].extent.first_line);
    std::memcpy(line, lines, std::size_t{extent.line_count} * kLineBytes);
    for (std::uint32_t n = 0; n < extent.line_count; ++n, line += kLineBytes) {
      const std::uint32_t number = extent.first_line + n;
      packer.add_line(line, against == Against::shipped ? shipped_.find(number) : nullptr);
      if (against == Against::shipped) shipped_.put(number, line);
    }
  }
  return packer.finish(wire::lines_check({sorted_.data(), line}));
}

Status Shipment::add(wire::Transport& to, wire::Bytes frame) {
  if (filled_ + frame.size() > out_.size())
    if (Status sent = send(to); !sent) return sent;
  std::ranges::copy(frame, out_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += frame.size();
  return {};
}

Status Shipment::send(wire::Transport& to) {
  if (filled_ == 0) return {};
  return to.send(out_.first(std::exchange(filled_, 0)));
}

void Shipment::forget() {
  shipped_.clear();
  filled_ = 0;
}

}  // namespace stillwater::engine
