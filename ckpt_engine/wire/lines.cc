#include "ckpt_engine/wire/lines.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <emmintrin.h>
#include <xxhash.h>

namespace stillwater::wire {
namespace {

using region::Extent;
using region::kLineBytes;

constexpr std::uint64_t kLowBits = 0x7f7f'7f7f'7f7f'7f7f;

// A bit for each byte that differs.
std::uint64_t differing_bytes(const std::byte* a, const std::byte* b) {
  std::uint64_t equal = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a) + i);
    const __m128i y = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b) + i);
    equal |= std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)))} << (16 * i);
  }
  return ~equal;
}

// A bit for each byte of `mask` that is not zero.
unsigned nonzero_bytes_of(std::uint64_t mask) {
  const std::uint64_t high = (((mask & kLowBits) + kLowBits) | mask) & ~kLowBits;
  return static_cast<unsigned>((high >> 7) * 0x0102'0408'1020'4080 >> 56);
}

std::uint64_t word_at(const std::byte* line, unsigned i) {
  std::uint64_t word;
  std::memcpy(&word, line + i * sizeof(word), sizeof(word));
  return word;
}

constexpr std::uint64_t kEachByte = 0x0101'0101'0101'0101;

// What a processor with BMI2 has an instruction for, and what to do on one without.
struct Bmi2 {
  static unsigned count(std::uint64_t bits) {
    std::uint64_t n;
    asm("popcnt %1, %0" : "=r"(n) : "r"(bits) : "cc");
    return static_cast<unsigned>(n);
  }
  // The bytes of `word` that `mask` names, moved together; eight bytes are written.
  static void gather(std::byte* to, std::uint64_t word, unsigned mask) {
    std::uint64_t bytes;
    asm("pext %2, %1, %0" : "=r"(bytes) : "r"(word), "r"(wide(mask)));
    std::memcpy(to, &bytes, sizeof(bytes));
  }
  // The reverse; eight bytes are read.
  static std::uint64_t scatter(const std::byte* from, unsigned mask) {
    std::uint64_t bytes, word;
    std::memcpy(&bytes, from, sizeof(bytes));
    asm("pdep %2, %1, %0" : "=r"(word) : "r"(bytes), "r"(wide(mask)));
    return word;
  }

 private:
  static std::uint64_t wide(unsigned mask) {
    std::uint64_t lowest;
    asm("pdep %2, %1, %0" : "=r"(lowest) : "r"(std::uint64_t{mask}), "r"(kEachByte));
    return lowest * 0xff;
  }
};

struct Portable {
  static unsigned count(std::uint64_t bits) { return static_cast<unsigned>(std::popcount(bits)); }
  static void gather(std::byte* to, std::uint64_t word, unsigned mask) {
    for (; mask != 0; mask &= mask - 1) *to++ = static_cast<std::byte>(word >> (8 * std::countr_zero(mask)));
  }
  static std::uint64_t scatter(const std::byte* from, unsigned mask) {
    std::uint64_t word = 0;
    for (; mask != 0; mask &= mask - 1)
      word |= std::to_integer<std::uint64_t>(*from++) << (8 * std::countr_zero(mask));
    return word;
  }
};

bool has_bmi2() {
  static const bool has = __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  return has;
}

template <class Processor>
std::size_t packed_bytes(std::uint64_t mask) {
  return 1 + Processor::count(nonzero_bytes_of(mask)) + Processor::count(mask);
}

template <class Processor>
std::byte* write_packed(std::byte* at, const std::byte* line, const std::byte* base, std::uint64_t mask) {
  const unsigned words = nonzero_bytes_of(mask);
  *at++ = static_cast<std::byte>(words);
  for (unsigned left = words; left != 0; left &= left - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(left));
    const auto bytes = static_cast<unsigned>(mask >> (8 * i) & 0xff);
    *at++ = static_cast<std::byte>(bytes);
    Processor::gather(at, word_at(line, i) ^ word_at(base, i), bytes);
    at += Processor::count(bytes);
  }
  return at;
}

constexpr std::byte kZeroes[kLineBytes] = {};

// Reads what follows each other; past the end it fails, and reads zeroes from then on.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  [[nodiscard]] unsigned byte() {
    if (at_ == end_) return failed_ = true, 0;
    return std::to_integer<unsigned>(*at_++);
  }
  [[nodiscard]] std::uint64_t number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const unsigned next = byte();
      number |= std::uint64_t{next & 0x7f} << shift;
      if ((next & 0x80) == 0) return number;
    }
    return failed_ = true, 0;
  }
  void line(std::byte* out) {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(kLineBytes)) return void(failed_ = true);
    std::memcpy(out, at_, kLineBytes);
    at_ += kLineBytes;
  }
  template <class Processor>
  void packed_line(const std::byte* base, std::byte* out) {
    std::memcpy(out, base, kLineBytes);
    for (unsigned left = byte(); left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      const std::uint64_t word = word_at(out, i) ^ packed_word<Processor>();
      std::memcpy(out + i * sizeof(word), &word, sizeof(word));
    }
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const std::byte* at() const { return at_; }
  [[nodiscard]] bool is_at_end() const { return at_ == end_; }

 private:
  template <class Processor>
  std::uint64_t packed_word() {
    const unsigned mask = byte();
    const unsigned bytes = Processor::count(mask);
    const auto left = static_cast<unsigned>(std::min<std::ptrdiff_t>(end_ - at_, sizeof(std::uint64_t)));
    if (mask == 0 || left < bytes) return failed_ = true, 0;
    const std::byte* const from = at_;
    at_ += bytes;
    return left < sizeof(std::uint64_t) ? Portable::scatter(from, mask) : Processor::scatter(from, mask);
  }

  const std::byte* at_;
  const std::byte* end_;
  bool failed_ = false;
};

tl::unexpected<Error> malformed() {
  return fail(Errc::protocol, "a group's extents and its bytes do not agree");
}

Result<Lines> parse_as_they_are(const GroupHeader& header, std::span<std::byte> rest) {
  if (header.extent_count > rest.size() / sizeof(WireExtent))
    return fail(Errc::protocol, "a group says more extents than it has");
  const std::size_t data_bytes = rest.size() - header.extent_count * sizeof(WireExtent);
  Lines lines{header, {}, rest.first(data_bytes), false};
  lines.extents.reserve(header.extent_count);
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < header.extent_count; ++i) {
    WireExtent on_wire;
    std::memcpy(&on_wire, rest.data() + data_bytes + i * sizeof(on_wire), sizeof(on_wire));
    lines.extents.push_back(
        {std::uint64_t{on_wire.first_line} * kLineBytes, std::uint64_t{on_wire.line_count} * kLineBytes});
    bytes += lines.extents.back().bytes;
  }
  lines.agree = bytes == data_bytes && bytes == std::uint64_t{header.line_count} * kLineBytes &&
                header.lines_check == 0;
  return lines;
}

Result<Lines> parse_packed(const GroupHeader& header, std::span<std::byte> rest) {
  if (header.extent_count > header.line_count)
    return fail(Errc::protocol, "a group says more extents than lines");
  Lines lines{header, {}, {}, false};
  lines.extents.reserve(header.extent_count);
  Reader reader(rest);
  std::uint64_t next = 0, count = 0;
  for (std::uint32_t i = 0; i < header.extent_count && !reader.failed(); ++i) {
    const std::uint64_t gap = reader.number();
    const std::uint64_t first = next + (gap >> 1);
    const std::uint64_t lines_here = (gap & 1) == 0 ? 1 : reader.number() + 2;
    lines.extents.push_back({first * kLineBytes, lines_here * kLineBytes});
    next = first + lines_here;
    count += lines_here;
  }
  if (reader.failed()) return malformed();
  lines.agree = count == header.line_count;
  lines.bytes = rest.subspan(static_cast<std::size_t>(reader.at() - rest.data()));
  return lines;
}

}  // namespace

Result<Lines> parse_lines(std::span<std::byte> payload) {
  GroupHeader header;
  if (payload.size() < sizeof(header)) return fail(Errc::protocol, "a group is too short");
  std::memcpy(&header, payload.data(), sizeof(header));
  if (header.line_count > kLinesMax)
    return fail(Errc::protocol, "a group says " + std::to_string(header.line_count) + " lines, at most " +
                                    std::to_string(kLinesMax) + " are allowed");
  switch (header.encoding) {
    case Encoding::as_they_are:
      return parse_as_they_are(header, payload.subspan(sizeof(header)));
    case Encoding::packed:
      return parse_packed(header, payload.subspan(sizeof(header)));
  }
  return fail(Errc::protocol, "a group's lines are in an encoding that this node does not know");
}

namespace {

template <class Processor>
Status unpack_on(const Lines& lines, const std::byte* base, std::byte* out) {
  const std::uint32_t count = lines.header.line_count;
  const std::size_t bases_bytes = (count + 3) / 4;
  if (!lines.agree || lines.bytes.size() < bases_bytes) return malformed();
  const std::byte* const bases = lines.bytes.data();
  Reader reader(lines.bytes.subspan(bases_bytes));
  std::byte* const begin = out;
  const std::byte* before = kZeroes;
  std::uint32_t i = 0;
  for (const Extent& extent : lines.extents) {
    const std::uint64_t end = extent.offset + extent.bytes;
    for (std::uint64_t offset = extent.offset; offset < end && !reader.failed(); offset += kLineBytes, ++i) {
      switch (static_cast<Base>(std::to_integer<unsigned>(bases[i / 4]) >> (i % 4 * 2) & 3)) {
        case Base::none:
          reader.line(out);
          break;
        case Base::zeroes:
          reader.packed_line<Processor>(kZeroes, out);
          break;
        case Base::line_before:
          reader.packed_line<Processor>(before, out);
          break;
        case Base::receivers:
          if (base == nullptr) return fail(Errc::protocol, "a line refers to one that it may not refer to");
          reader.packed_line<Processor>(base + offset, out);
          break;
      }
      before = out;
      out += kLineBytes;
    }
  }
  const bool padded =
      count % 4 == 0 || std::to_integer<unsigned>(bases[bases_bytes - 1]) >> (count % 4 * 2) == 0;
  if (reader.failed() || !reader.is_at_end() || !padded) return malformed();
  if (XXH3_64bits(begin, std::size_t{count} * kLineBytes) != lines.header.lines_check)
    return fail(Errc::corrupt, "a group's lines are not those that were packed");
  return {};
}

}  // namespace

Status unpack(const Lines& lines, const std::byte* base, std::byte* out, Instructions instructions) {
  const bool best = instructions == Instructions::best && has_bmi2();
  return best ? unpack_on<Bmi2>(lines, base, out) : unpack_on<Portable>(lines, base, out);
}

Packer::Packer(std::byte* payload, const GroupHeader& header, Instructions instructions)
    : header_(header),
      payload_(payload),
      at_(payload + sizeof(header)),
      use_bmi2_(instructions == Instructions::best && has_bmi2()) {}

void Packer::add_number(std::uint64_t number) {
  for (; number > 0x7f; number >>= 7) *at_++ = static_cast<std::byte>(number | 0x80);
  *at_++ = static_cast<std::byte>(number);
}

void Packer::add_extent(WireExtent extent) {
  const std::uint64_t gap = extent.first_line - end_line_;
  end_line_ = std::uint64_t{extent.first_line} + extent.line_count;
  add_number(gap << 1 | (extent.line_count > 1 ? 1 : 0));
  if (extent.line_count > 1) add_number(extent.line_count - 2);
}

void Packer::add_line(const std::byte* line, const std::byte* receivers) {
  if (bases_ == nullptr) {
    bases_ = at_;
    at_ += (header_.line_count + 3) / 4;
    std::memset(bases_, 0, static_cast<std::size_t>(at_ - bases_));
    before_ = kZeroes;
  }
  use_bmi2_ ? add_line_on<Bmi2>(line, receivers) : add_line_on<Portable>(line, receivers);
  ++lines_;
  before_ = line;
}

// Where several bases do equally well, the first.
template <class Processor>
void Packer::add_line_on(const std::byte* line, const std::byte* receivers) {
  Base best = Base::none;
  const std::byte* best_line = nullptr;
  std::uint64_t best_mask = 0;
  std::size_t least = kLineBytes;
  const auto consider = [&](Base base, const std::byte* candidate) {
    const std::uint64_t mask = differing_bytes(line, candidate);
    const std::size_t bytes = packed_bytes<Processor>(mask);
    if (bytes >= least) return;
    best = base;
    best_line = candidate;
    best_mask = mask;
    least = bytes;
  };
  if (receivers != nullptr) consider(Base::receivers, receivers);
  consider(Base::zeroes, kZeroes);
  consider(Base::line_before, before_);
  bases_[lines_ / 4] |= static_cast<std::byte>(static_cast<unsigned>(best) << (lines_ % 4 * 2));
  if (best == Base::none) {
    std::memcpy(at_, line, kLineBytes);
    at_ += kLineBytes;
  } else {
    at_ = write_packed<Processor>(at_, line, best_line, best_mask);
  }
}

std::byte* Packer::finish(std::uint64_t lines_check) {
  header_.encoding = Encoding::packed;
  header_.lines_check = lines_check;
  std::memcpy(payload_, &header_, sizeof(header_));
  return at_;
}

std::uint64_t lines_check(Bytes lines) { return XXH3_64bits(lines.data(), lines.size()); }

}  // namespace stillwater::wire
