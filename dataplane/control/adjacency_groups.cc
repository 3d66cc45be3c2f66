#include "dataplane/control/adjacency_groups.h"

#include <algorithm>

#include "dataplane/control/address_hash.h"

namespace stillwater::dataplane {

AdjacencyGroups::AdjacencyGroups() : groups_(kGroupsMax), slots_(kGroupsMax) {
  for (std::size_t index = kGroupsMax; index-- > 0;) free_.push_back(static_cast<Index>(index));
  [[maybe_unused]] const auto none = take({Adjacency{}});
}

std::size_t AdjacencyGroups::Hash::operator()(const std::vector<Adjacency>& members) const {
  std::uint64_t hash = members.size();
  for (const Adjacency& member : members)
    hash = hash_of(member.next_hop, hash << 24 ^ std::uint64_t{member.port} << 8 ^
                                        static_cast<std::uint64_t>(member.kind) ^ hash >> 32);
  return hash;
}

std::optional<AdjacencyGroups::Index> AdjacencyGroups::take(std::vector<Adjacency> members) {
  std::sort(members.begin(), members.end());
  if (const auto known = by_members_.find(members); known != by_members_.end()) {
    ++slots_[known->second].references;
    return known->second;
  }
  if (free_.empty()) return std::nullopt;
  const Index index = free_.back();
  free_.pop_back();
  const std::vector<Adjacency>& key = by_members_.emplace(std::move(members), index).first->first;
  slots_[index] = {.members = &key, .references = 1};
  groups_[index] = {.first = key.front(),
                    .count = static_cast<std::uint16_t>(key.size()),
                    .members = key.size() == 1 ? nullptr : key.data()};
  return index;
}

void AdjacencyGroups::give_back(Index index) {
  Slot& slot = slots_[index];
  if (--slot.references != 0) return;
  by_members_.erase(by_members_.find(*slot.members));
  free_.push_back(index);
}

}  // namespace stillwater::dataplane
