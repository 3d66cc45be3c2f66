// The region's header and layout: what two nodes compare before they replicate.
#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

Layout two_roots(std::uint64_t hard_bytes, std::uint64_t soft_bytes) {
  Layout layout;
  layout.add("soft", StateClass::soft, soft_bytes, 4).add("hard", StateClass::hard, hard_bytes, 64);
  return layout;
}

}  // namespace

TEST_CASE("two regions of one layout lie at different addresses and agree in their digests") {
  const auto a = make_region(small_layout());
  const auto b = make_region(small_layout());
  CHECK(a->base() != b->base());
  CHECK(a->header().layout_digest == b->header().layout_digest);
  CHECK(a->root("nat.0").offset == b->root("nat.0").offset);
}

TEST_CASE("a header says what the region is, hard roots below the soft ones") {
  const auto region = make_region(two_roots(5000, 100));
  const RegionHeader& header = region->header();
  CHECK(header.magic == kMagic);
  CHECK(header.format_version == kFormatVersion);
  CHECK(header.root_count == 2);
  CHECK(header.size_bytes == kDataOffset + 3 * kPageBytes);
  CHECK(region->size() == kDataOffset + 3 * kPageBytes);
  CHECK(header.soft_begin == kDataOffset + 2 * kPageBytes);
  CHECK(region->root("hard").offset == kDataOffset);
  CHECK(region->root("hard").bytes == 2 * kPageBytes);
  CHECK(region->root("soft").offset == kDataOffset + 2 * kPageBytes);
  CHECK(region->is_empty());
}

TEST_CASE("a region without soft roots has its soft part at its end") {
  Layout layout;
  layout.add("hard", StateClass::hard, 1, 1);
  CHECK(make_region(layout)->soft_begin() == kDataOffset + kPageBytes);
}

TEST_CASE("the layout digest differs where a size, a record, a class or a name differs") {
  const auto digest = [](const Layout& layout) { return make_region(layout)->header().layout_digest; };
  Layout record, state_class, name;
  record.add("soft", StateClass::soft, 100, 8).add("hard", StateClass::hard, 5000, 64);
  state_class.add("soft", StateClass::hard, 100, 4).add("hard", StateClass::hard, 5000, 64);
  name.add("s0ft", StateClass::soft, 100, 4).add("hard", StateClass::hard, 5000, 64);
  const std::uint64_t ours = digest(two_roots(5000, 100));
  CHECK(digest(two_roots(5000, 100)) == ours);
  CHECK(digest(two_roots(9000, 100)) != ours);
  CHECK(digest(two_roots(5000, 5000)) != ours);
  CHECK(digest(record) != ours);
  CHECK(digest(state_class) != ours);
  CHECK(digest(name) != ours);
  CHECK(digest(small_layout(192)) != digest(small_layout(4096)));
}

TEST_CASE("two roots of one name, or more roots than the table holds, are refused") {
  Layout twice = two_roots(1, 1);
  twice.add("hard", StateClass::hard, 1, 1);
  const auto refused = Region::create(twice);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  CHECK(refused.error().message == "two roots are named hard");

  Layout many;
  for (std::size_t i = 0; i <= kRootsMax; ++i) many.add("root" + std::to_string(i), StateClass::hard, 1, 1);
  CHECK_FALSE(Region::create(many));
}

TEST_CASE("D8: clear leaves nobody's empty region, with its roots and its profile as they were") {
  const auto region = make_region(small_layout());
  const auto fresh = make_region(small_layout());
  region->set_identity(kOurRegion, 7);
  region->set_epoch(9);
  region->set_config_generation(3);
  region->set_region_now(5s);
  std::memset(region->profile_page().data(), 0x5a, kPageBytes);
  Random random(Catch::rngSeed());
  Worker(*region).work(random, 1, 200);
  REQUIRE(data_bytes(*region) != data_bytes(*fresh));

  region->clear();
  CHECK(region->is_empty());
  CHECK(bytes_of(*region, 0, kProfileOffset) == bytes_of(*fresh, 0, kProfileOffset));
  CHECK(bytes_of(*region, kProfileOffset, kDataOffset) == Snapshot(kPageBytes, std::byte{0x5a}));
  CHECK(data_bytes(*region) == data_bytes(*fresh));
}

}  // namespace stillwater::tests
