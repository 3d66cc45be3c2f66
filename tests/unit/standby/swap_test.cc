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

TEST_CASE("P4: lines are swapped to the same bytes by every implementation that this processor has") {
  for (const standby::LineSwap& implementation : standby::kLineSwapImplementations) {
    if (!implementation.is_supported()) continue;
    INFO(implementation.name);
    for_seeds(300, [&](Random& random) {
      std::vector<std::byte> mine_page(4096 + 8), theirs_page(4096 + 8);
      std::byte* mine = mine_page.data() + below(random, 8);  // aligned or not
      std::byte* theirs = theirs_page.data() + below(random, 8);
      const std::size_t bytes = below(random, 4096 / 64 + 1) * 64;
      const std::uint64_t one_of = 1 + below(random, 100);
      for (std::size_t at = 0; at < mine_page.size(); ++at) mine_page[at] = static_cast<std::byte>(random());
      std::memcpy(theirs, mine, bytes);
      for (std::size_t at = 0; at < bytes; ++at)
        if (one_in(random, one_of)) theirs[at] = static_cast<std::byte>(random());
      std::vector<std::byte> mine_after = mine_page, theirs_after = theirs_page;
      const std::vector<std::byte> mine_before = mine_page, theirs_before = theirs_page;
      standby::swap_differing(mine_after.data() + (mine - mine_page.data()),
                              theirs_after.data() + (theirs - theirs_page.data()), bytes);

      implementation.swap(mine, theirs, bytes);
      REQUIRE(mine_page == mine_after);
      REQUIRE(theirs_page == theirs_after);
      implementation.swap(mine, theirs, bytes);
      REQUIRE(mine_page == mine_before);
      REQUIRE(theirs_page == theirs_before);
    });
  }
}

}  // namespace stillwater::tests
