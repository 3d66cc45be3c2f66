// Payloads of lines, as WIRE_FORMAT.md describes them. Pure functions over bytes.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::wire {

// The parts of a payload. Where the extents lie is for the reader to judge.
struct Lines {
  GroupHeader header;
  std::vector<region::Extent> extents;
  std::span<std::byte> bytes;  // of the lines, in the payload
  bool agree;                  // extents, line count and, where they are not packed, bytes do
};
[[nodiscard]] Result<Lines> parse_lines(std::span<std::byte> payload);

// Whether what this processor has beyond any x86-64 is made use of. The bytes are the same.
enum class Instructions : std::uint8_t { best, portable };

// Unpacks to `out`, which has room for `line_count` lines. `base`: the receiver's region, in which the
// extents lie; null: a line that refers to it is refused. Nothing but `out` is written. Needs lines that
// agree.
[[nodiscard]] Status unpack(const Lines& lines, const std::byte* base, std::byte* out,
                            Instructions instructions = Instructions::best);

// Of a payload's lines, in its order.
[[nodiscard]] std::uint64_t lines_check(Bytes lines);

// Writes a packed payload.
class Packer {
 public:
  static constexpr std::size_t kExtentMax = 10;  // bytes of an extent, at most
  static constexpr std::size_t kLineMax = region::kLineBytes;
  static constexpr std::size_t kSlack = 8;

  // As many bytes are always enough; up to kSlack of them behind the end may be written.
  [[nodiscard]] static constexpr std::size_t bytes_max(std::size_t extents, std::size_t lines) {
    return sizeof(GroupHeader) + extents * kExtentMax + (lines + 3) / 4 + lines * kLineMax + kSlack;
  }

  // Begins a payload at `payload`, of that many extents and lines.
  Packer(std::byte* payload, const GroupHeader& header, Instructions instructions = Instructions::best);
  // All extents first, in ascending order.
  void add_extent(WireExtent extent);
  // Then their lines, in the same order, each of which stays where it is until the next was added.
  // `receivers`: the receiver's line; null: not known.
  void add_line(const std::byte* line, const std::byte* receivers);
  // Its end.
  [[nodiscard]] std::byte* finish(std::uint64_t lines_check);

 private:
  void add_number(std::uint64_t number);
  template <class Processor>
  void add_line_on(const std::byte* line, const std::byte* receivers);

  GroupHeader header_;
  std::byte* payload_;
  std::byte* at_;
  std::byte* bases_ = nullptr;
  const std::byte* before_ = nullptr;
  std::uint32_t lines_ = 0;
  std::uint64_t end_line_ = 0;  // of the last extent
  bool use_bmi2_;
};

}  // namespace stillwater::wire
