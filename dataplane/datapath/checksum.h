// The Internet checksum and its incremental update (RFC 1071, RFC 1624 equation 3). All words are taken as
// they lie in the packet: the sum does not depend on byte order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stillwater::dataplane {

// To 16 bits, with the carries added in again.
inline std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xffff'ffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
}

// What replaced fields do to every checksum that covers them.
class ChecksumDelta {
 public:
  void replace16(std::uint16_t before, std::uint16_t after) {
    sum_ += static_cast<std::uint16_t>(~before);
    sum_ += after;
  }
  // Two words at once: 2^16 is 1 to a ones' complement sum.
  void replace32(std::uint32_t before, std::uint32_t after) {
    sum_ += ~before;
    sum_ += after;
  }

  [[nodiscard]] std::uint16_t apply(std::uint16_t checksum) const {
    return static_cast<std::uint16_t>(~fold(sum_ + static_cast<std::uint16_t>(~checksum)));
  }
  // UDP: 0 says that there is no checksum and stays; one that comes out as 0 is sent as 0xffff.
  [[nodiscard]] std::uint16_t apply_udp(std::uint16_t checksum) const {
    if (checksum == 0) return 0;
    const std::uint16_t updated = apply(checksum);
    return updated == 0 ? 0xffff : updated;
  }

 private:
  std::uint64_t sum_ = 0;  // some dozen words at most: cannot overflow
};

// The ones' complement sum of `bytes` bytes, without the final inversion. At most 64 KiB.
inline std::uint16_t sum_words(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const std::uint8_t*>(data);
  std::uint64_t sum = 0;
  for (; bytes >= 4; bytes -= 4, at += 4) {
    std::uint32_t words;
    std::memcpy(&words, at, sizeof(words));
    sum += words;
  }
  if (bytes >= 2) {
    std::uint16_t word;
    std::memcpy(&word, at, sizeof(word));
    sum += word;
    bytes -= 2;
    at += 2;
  }
  if (bytes == 1) sum += *at;  // little-endian host: the odd byte is the word's first
  return fold(sum);
}

// The checksum to put into a field that is zero in `data`.
inline std::uint16_t checksum_of(const void* data, std::size_t bytes) {
  return static_cast<std::uint16_t>(~sum_words(data, bytes));
}

}  // namespace stillwater::dataplane
