// From a value of one field of a packet to the set of rules that it satisfies.
#pragma once

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/datapath/tables/rule_bitmaps.h"

namespace stillwater::dataplane {

// An IPv6 address as a number: its halves in host byte order.
struct Address6 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const Address6&, const Address6&) = default;
  friend auto operator<=>(const Address6&, const Address6&) = default;
};

// The next greater one, if there is one.
template <std::unsigned_integral Key>
[[nodiscard]] std::optional<Key> successor(Key key) {
  if (key == std::numeric_limits<Key>::max()) return std::nullopt;
  return static_cast<Key>(key + 1);
}
[[nodiscard]] inline std::optional<Address6> successor(const Address6& key) {
  if (const auto low = successor(key.low)) return Address6{key.high, *low};
  if (const auto high = successor(key.high)) return Address6{*high, 0};
  return std::nullopt;
}

// The field's values are cut where any rule's range begins or ends: within such an elementary interval all
// values satisfy the same rules. Immutable once built, any thread may read.
template <class Key>
class IntervalTable {
 public:
  // Values that satisfy a rule: one of its ranges, which may overlap.
  struct Range {
    Key first;
    Key last;
    std::uint32_t place;  // of the rule
  };

  IntervalTable() = default;
  IntervalTable(std::vector<Range> ranges, RuleBitmaps& bitmaps);

  [[nodiscard]] RuleBitmaps::Index find(const Key& key) const {
    const auto behind = std::upper_bound(begins_.begin(), begins_.end(), key);
    return sets_[static_cast<std::size_t>(behind - begins_.begin()) - 1];
  }

 private:
  // Where a rule's set of values begins or ends.
  struct Edge {
    Key at;
    bool begins;
    std::uint32_t place;

    friend auto operator<=>(const Edge&, const Edge&) = default;
  };
  static std::vector<Edge> edges_of(std::vector<Range> ranges);

  std::vector<Key> begins_;  // ascending, from the least value on
  std::vector<RuleBitmaps::Index> sets_;
};

// Ranges of a rule that overlap become one, so that each edge tells a change.
template <class Key>
std::vector<typename IntervalTable<Key>::Edge> IntervalTable<Key>::edges_of(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return a.place != b.place ? a.place < b.place : a.first < b.first;
  });
  std::vector<Edge> edges;
  edges.reserve(2 * ranges.size());
  for (std::size_t i = 0; i < ranges.size();) {
    Range whole = ranges[i++];
    for (; i < ranges.size() && ranges[i].place == whole.place && !(whole.last < ranges[i].first); ++i)
      whole.last = std::max(whole.last, ranges[i].last);
    edges.push_back({whole.first, true, whole.place});
    if (const auto behind = successor(whole.last)) edges.push_back({*behind, false, whole.place});
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

// Of two edges of a rule at one value the end comes first: the one range ends where the other begins.
template <class Key>
IntervalTable<Key>::IntervalTable(std::vector<Range> ranges, RuleBitmaps& bitmaps) {
  const std::vector<Edge> edges = edges_of(std::move(ranges));
  RuleBits set = bitmaps.empty_set();
  Key begin{};
  for (std::size_t i = 0;;) {
    for (; i < edges.size() && edges[i].at == begin; ++i)
      edges[i].begins ? add_place(set, edges[i].place) : remove_place(set, edges[i].place);
    const RuleBitmaps::Index index = bitmaps.add(set);
    if (sets_.empty() || sets_.back() != index) {
      begins_.push_back(begin);
      sets_.push_back(index);
    }
    if (i == edges.size()) return;
    begin = edges[i].at;
  }
}

}  // namespace stillwater::dataplane
