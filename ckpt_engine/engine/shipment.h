// What leaves for the standby: lines packed from staging, and frames sent in as few pieces as possible.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/wire/lines.h"
#include "ckpt_engine/wire/transport.h"

namespace stillwater::engine {

// The lines that were shipped last, as the standby has them: as many as fit, by the line's number. A line
// that takes another's place is shipped without its help; that is all a small memory costs.
class ShippedLines {
 public:
  explicit ShippedLines(std::span<std::byte> memory);  // a power of two of lines

  void prefetch(std::uint32_t line) const {
    __builtin_prefetch(&numbers_[line & mask_]);
    __builtin_prefetch(copy_of(line));
  }
  // Null: not among them.
  [[nodiscard]] const std::byte* find(std::uint32_t line) const {
    return numbers_[line & mask_] == line ? copy_of(line) : nullptr;
  }
  void put(std::uint32_t line, const std::byte* bytes);
  void clear();

 private:
  [[nodiscard]] std::byte* copy_of(std::uint32_t line) const {
    return memory_.data() + (line & mask_) * region::kLineBytes;
  }

  std::span<std::byte> memory_;
  std::uint32_t mask_;
  std::vector<std::uint32_t> numbers_;  // 0, the region's header, is never shipped: nothing is here
};

// Works in memory that outlives it. One control thread; nothing of it runs while workers are stopped.
class Shipment {
 public:
  // Of its memory, beside `staging_bytes` of staging.
  [[nodiscard]] static std::size_t bytes_for(std::size_t staging_bytes);
  explicit Shipment(std::span<std::byte> memory);

  // Adds a group as staging has it, packed, and returns its frame's check. What was added before is sent
  // first, if that is enough for a send of its own.
  [[nodiscard]] Result<std::uint64_t> add_group(wire::Transport& to, std::span<const std::byte> staged);
  // The same of soft lines.
  [[nodiscard]] Status add_soft(wire::Transport& to, std::span<const std::byte> staged);
  [[nodiscard]] Status add(wire::Transport& to, wire::Bytes frame);
  [[nodiscard]] Status send(wire::Transport& to);

  // What was shipped may not be what the standby has.
  void forget();

 private:
  enum class Against : std::uint8_t { zeroes, shipped };
  [[nodiscard]] Result<std::uint64_t> add_lines(wire::Transport& to, std::span<const std::byte> staged,
                                                wire::Type type, Against against);
  // False: extents that touch each other twice can't be packed.
  [[nodiscard]] bool sort_extents(std::span<const std::byte> staged, const wire::GroupHeader& header);
  [[nodiscard]] std::byte* pack(std::byte* payload, wire::GroupHeader header, Against against);

  struct Piece {
    wire::WireExtent extent;
    const std::byte* lines;
  };

  ShippedLines shipped_;
  std::span<std::byte> out_;
  std::span<std::byte> sorted_;  // lines of the group that is being packed
  std::size_t filled_ = 0;
  std::vector<Piece> pieces_;  // of the group that is being packed, by line
  std::vector<wire::WireExtent> extents_;
};

}  // namespace stillwater::engine
