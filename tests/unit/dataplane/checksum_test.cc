#include "dataplane/datapath/checksum.h"

#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

std::uint16_t word_at(const std::vector<std::uint8_t>& data, std::size_t at) {
  std::uint16_t word;
  std::memcpy(&word, &data[at], sizeof(word));
  return word;
}
void put_word(std::vector<std::uint8_t>& data, std::size_t at, std::uint16_t word) {
  std::memcpy(&data[at], &word, sizeof(word));
}

}  // namespace

TEST_CASE("the checksum of RFC 1071's example is what the RFC says") {
  const std::uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  const std::uint16_t sum = sum_words(data, sizeof(data));
  CHECK((sum & 0xff) == 0xdd);
  CHECK(sum >> 8 == 0xf2);
}

TEST_CASE("an odd last byte counts as if a zero followed it") {
  const std::uint8_t odd[] = {0x12, 0x34, 0x56};
  const std::uint8_t even[] = {0x12, 0x34, 0x56, 0x00};
  CHECK(sum_words(odd, 3) == sum_words(even, 4));
}

TEST_CASE("a checksum updated by what changed equals one computed anew") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 5'000; ++round) {
    // Word 0 is the checksum. Sparse data makes the sums that wrap and the zeros likely.
    std::vector<std::uint8_t> data(4 + random() % 20 * 2);
    for (auto& byte : data) byte = random() % 3 == 0 ? static_cast<std::uint8_t>(random() % 3 - 1) : 0;
    data[3] |= 1;  // all zero never occurs in a packet: its version or a port is not
    put_word(data, 0, 0);
    put_word(data, 0, checksum_of(data.data(), data.size()));

    ChecksumDelta delta;
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      const std::size_t at = 4 + random() % (data.size() / 2 - 1) * 2;
      if (at + 2 > data.size()) continue;
      const auto after = static_cast<std::uint16_t>(random() % 2 == 0 ? random() : -(random() % 2));
      delta.replace16(word_at(data, at), after);
      put_word(data, at, after);
    }
    const std::uint16_t updated = delta.apply(word_at(data, 0));
    put_word(data, 0, 0);
    REQUIRE(updated == checksum_of(data.data(), data.size()));
  }
}

TEST_CASE("a replaced address counts as both of its words") {
  ChecksumDelta whole, halves;
  whole.replace32(0x12345678, 0x9abcdef0);
  halves.replace16(0x1234, 0x9abc);
  halves.replace16(0x5678, 0xdef0);
  CHECK(whole.apply(0x4242) == halves.apply(0x4242));
}

TEST_CASE("UDP: no checksum stays none, and a computed zero is sent as all ones") {
  ChecksumDelta delta;
  delta.replace16(1, 2);
  CHECK(delta.apply_udp(0) == 0);
  ChecksumDelta to_zero;
  to_zero.replace16(0x0001, 0x1235);  // ~0x1234 + ~0x0001 + 0x1235 is all ones: the checksum comes out as 0
  REQUIRE(to_zero.apply(0x1234) == 0);
  CHECK(to_zero.apply_udp(0x1234) == 0xffff);
}
