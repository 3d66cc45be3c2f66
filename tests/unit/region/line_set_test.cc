// Dirty lines against a model: a set of line numbers.
#include <numeric>
#include <set>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

constexpr std::uint64_t kBegin = kDataOffset;
constexpr std::uint64_t kLines = 200;

std::set<std::uint64_t> lines_of(const std::vector<Extent>& extents) {
  std::set<std::uint64_t> lines;
  for (const Extent& e : extents)
    for (std::uint64_t at = e.offset; at < e.offset + e.bytes; at += kLineBytes) {
      const bool is_new = lines.insert((at - kBegin) / kLineBytes).second;
      REQUIRE(is_new);
    }
  return lines;
}

std::vector<Extent> extents_of(const LineSet& lines) {
  std::vector<Extent> out;
  lines.append_to(out);
  return out;
}

}  // namespace

TEST_CASE("a line set is the set of the lines that were marked, in its list and past it") {
  const std::uint32_t list_max = GENERATE(1u, 8u, 1u << 16);
  for_seeds(50, [&](Random& random) {
    LineSet lines(kBegin, kBegin + kLines * kLineBytes, list_max);
    for (int cycle = 0; cycle < 4; ++cycle) {
      std::set<std::uint64_t> model;
      for (std::uint64_t marks = below(random, 40); marks > 0; --marks) {
        const std::uint64_t first = below(random, kLines * kLineBytes);
        const std::uint64_t bytes =
            1 + below(random, std::min<std::uint64_t>(300, kLines * kLineBytes - first));
        lines.mark(kBegin + first, bytes);
        for (std::uint64_t line = first / kLineBytes; line <= (first + bytes - 1) / kLineBytes; ++line)
          model.insert(line);
      }
      REQUIRE(lines.count() == model.size());
      REQUIRE(lines_of(extents_of(lines)) == model);
      lines.clear();
      REQUIRE(lines.count() == 0);
      REQUIRE(extents_of(lines).empty());
    }
  });
}

TEST_CASE("neighbours marked in order become one extent, repeated marks none") {
  LineSet lines(kBegin, kBegin + kLines * kLineBytes);
  for (const std::uint64_t line : {5, 6, 6, 5, 7, 3, 9}) lines.mark(kBegin + line * kLineBytes, kLineBytes);
  const std::vector<Extent> expected = {{kBegin + 5 * kLineBytes, 3 * kLineBytes},
                                        {kBegin + 3 * kLineBytes, kLineBytes},
                                        {kBegin + 9 * kLineBytes, kLineBytes}};
  CHECK(extents_of(lines) == expected);
}

TEST_CASE("a list that overflowed gives its lines in order of the region") {
  LineSet lines(kBegin, kBegin + kLines * kLineBytes, 1);
  for (const std::uint64_t line : {64, 63, 2}) lines.mark(kBegin + line * kLineBytes, 1);
  const std::vector<Extent> expected = {{kBegin + 2 * kLineBytes, kLineBytes},
                                        {kBegin + 63 * kLineBytes, 2 * kLineBytes}};
  CHECK(extents_of(lines) == expected);
}

TEST_CASE("extents that were there before are left as they are") {
  LineSet lines(kBegin, kBegin + kLines * kLineBytes);
  lines.mark(kBegin + kLineBytes, 1);
  std::vector<Extent> out = {{kBegin, kLineBytes}};
  lines.append_to(out);
  CHECK(out == std::vector<Extent>{{kBegin, kLineBytes}, {kBegin + kLineBytes, kLineBytes}});
}

}  // namespace stillwater::tests
