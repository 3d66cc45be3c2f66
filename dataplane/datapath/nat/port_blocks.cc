#include "dataplane/datapath/nat/port_blocks.h"

#include <algorithm>

namespace stillwater::dataplane {

void PortBlocks::begin() {
  std::fill(blocks_.begin(), blocks_.end(), Block{});
  std::fill(heads_.begin(), heads_.end(), std::uint16_t{0});
  known_ = true;
}

void PortBlocks::give(unsigned first, const BlockOwner& owner) {
  const unsigned index = first / size_;
  std::uint16_t& head = heads_[head_of(owner)];
  blocks_[index] = {owner, head, true};
  head = static_cast<std::uint16_t>(index + 1);
}

void PortBlocks::take_back(unsigned first) {
  const unsigned index = first / size_;
  if (!blocks_[index].given) return;
  std::uint16_t* link = &heads_[head_of(blocks_[index].owner)];
  while (*link != index + 1) link = &blocks_[*link - 1].next;
  *link = blocks_[index].next;
  blocks_[index] = {};
}

}  // namespace stillwater::dataplane
