// Sets of adjacencies by number: what the values of the FIB name.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dataplane/datapath/tables/adjacency.h"

namespace stillwater::dataplane {

// One control thread. Whoever gives the last reference back says that no reader has the number any more.
class AdjacencyGroups {
 public:
  using Index = std::uint16_t;
  static constexpr Index kNone = 0;                 // the group of `none`, which is always there
  static constexpr std::size_t kGroupsMax = 32768;  // rte_fib keeps one bit of two bytes for itself

  AdjacencyGroups();

  // The group of these, of which there is at least one, in any order and without repetition. The caller has a
  // reference to it. None: all numbers are taken.
  [[nodiscard]] std::optional<Index> take(std::vector<Adjacency> members);
  // One more reference to a group that the caller has.
  void take_again(Index index) { ++slots_[index].references; }
  void give_back(Index index);

  // For readers; stays where it is.
  [[nodiscard]] const AdjacencyGroup* data() const { return groups_.data(); }
  [[nodiscard]] const std::vector<Adjacency>& members(Index index) const { return *slots_[index].members; }
  [[nodiscard]] std::size_t in_use() const { return by_members_.size(); }

 private:
  struct Hash {
    [[nodiscard]] std::size_t operator()(const std::vector<Adjacency>& members) const;
  };
  struct Slot {
    const std::vector<Adjacency>* members = nullptr;  // the key in by_members_
    std::uint32_t references = 0;
  };

  std::unordered_map<std::vector<Adjacency>, Index, Hash> by_members_;
  std::vector<AdjacencyGroup> groups_;
  std::vector<Slot> slots_;
  std::vector<Index> free_;
};

}  // namespace stillwater::dataplane
