// P3, P4: words that differ are swapped, so that the received buffer becomes the undo log.
#include <array>

#include "tests/unit/standby/shipment.h"

namespace stillwater::tests {

TEMPLATE_TEST_CASE("P3 P4: swapping moves the differing words, and swapping twice restores both sides", "",
                   std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t) {
  for_seeds(300, [](Random& random) {
    std::array<std::byte, 4096 + 1> mine_page, theirs_page;
    const std::size_t words = below(random, 4096 / sizeof(TestType));
    const std::size_t bytes = words * sizeof(TestType);
    std::byte* mine = mine_page.data() + below(random, 2);  // aligned or not
    std::byte* theirs = theirs_page.data() + below(random, 2);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < words; ++i) {
      const TestType a = static_cast<TestType>(random());
      const TestType b = one_in(random, 2) ? a : static_cast<TestType>(random());
      std::memcpy(mine + i * sizeof(a), &a, sizeof(a));
      std::memcpy(theirs + i * sizeof(b), &b, sizeof(b));
      differing += a != b ? 1 : 0;
    }
    const std::vector<std::byte> mine_before(mine, mine + bytes), theirs_before(theirs, theirs + bytes);

    REQUIRE(standby::swap_differing<TestType>(mine, theirs, bytes) == differing);
    REQUIRE(std::equal(mine, mine + bytes, theirs_before.begin()));
    REQUIRE(std::equal(theirs, theirs + bytes, mine_before.begin()));
    REQUIRE(standby::swap_differing<TestType>(mine, theirs, bytes) == differing);
    REQUIRE(std::equal(mine, mine + bytes, mine_before.begin()));
    REQUIRE(std::equal(theirs, theirs + bytes, theirs_before.begin()));
  });
}

}  // namespace stillwater::tests
