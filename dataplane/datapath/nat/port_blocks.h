// Which hosts have which blocks of an address's ports, for one protocol (RFC 6888 REQ-14).
#pragma once

#include <cstdint>
#include <vector>

namespace stillwater::dataplane {

// What a host has blocks by.
struct BlockOwner {
  std::uint32_t host_be = 0;
  std::uint8_t entry = 0;  // of source NAT

  friend bool operator==(const BlockOwner&, const BlockOwner&) = default;
};

// An index, and not in the region: a host has the blocks in which it has bindings, so who writes bindings
// keeps this true, and a successor finds it again. One worker's thread. All memory is taken at its making.
class PortBlocks {
 public:
  // Of an address without blocks.
  PortBlocks() = default;
  // `size`: ports of a block, a power of two, 64..32768.
  explicit PortBlocks(unsigned size)
      : size_(size), blocks_(kPorts / size), heads_(kPorts / size, std::uint16_t{0}) {}

  [[nodiscard]] unsigned size() const { return size_; }  // 0: there are none
  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(blocks_.size()); }
  // The first port of the block that has this one; the last follows from `size`.
  [[nodiscard]] unsigned first_of(unsigned port) const { return port & ~(size_ - 1); }
  [[nodiscard]] unsigned last_of(unsigned port) const { return port | (size_ - 1); }

  // Whose blocks are whose is not known yet, or not any more.
  [[nodiscard]] bool is_known() const { return known_; }
  void forget() { known_ = false; }
  // From here on it is known; nobody has any.
  void begin();

  // The block that begins with port `first` is nobody's; and it is somebody's.
  void give(unsigned first, const BlockOwner& owner);
  void take_back(unsigned first);

  // Calls `each` with the first port of each of the owner's blocks, the one that it got last first.
  template <class Each>
  void each_of(const BlockOwner& owner, const Each& each) const {
    for (unsigned at = heads_[head_of(owner)]; at != 0; at = blocks_[at - 1].next)
      if (blocks_[at - 1].owner == owner) each((at - 1) * size_);
  }

 private:
  static constexpr unsigned kPorts = 65536;

  struct Block {
    BlockOwner owner{};
    std::uint16_t next = 0;  // in the chain of its hash: index + 1, 0: the end
    bool given = false;
  };
  [[nodiscard]] std::size_t head_of(const BlockOwner& owner) const {
    return ((owner.host_be ^ owner.entry) * 0x9e3779b1u >> 16) & (heads_.size() - 1);
  }

  unsigned size_ = 0;
  bool known_ = false;
  std::vector<Block> blocks_;
  std::vector<std::uint16_t> heads_;  // by hash: index + 1, 0: none
};

}  // namespace stillwater::dataplane
