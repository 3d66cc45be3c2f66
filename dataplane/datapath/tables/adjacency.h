// Where packets to a destination go next.
#pragma once

#include <compare>
#include <cstdint>

#include "base/ip_address.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

struct Adjacency {
  enum class Kind : std::uint8_t {
    none,       // no route
    local,      // an address of ours
    broadcast,  // an IPv4 subnet's broadcast or network address
    connected,  // the destination itself is on the link
    via,        // through next_hop
    blackhole,  // packets end here and nobody is told
    reject,     // packets end here and their sender is told
  };
  Kind kind = Kind::none;
  PortIndex port = 0;    // 0 where the kind has none
  IpAddress next_hop{};  // of `via`

  friend bool operator==(const Adjacency&, const Adjacency&) = default;
  friend auto operator<=>(const Adjacency&, const Adjacency&) = default;
  [[nodiscard]] bool forwards() const { return kind == Kind::connected || kind == Kind::via; }
};

// What a value in the FIB names: an adjacency, or several of equal cost. It does not change while a FIB that
// is published may name it.
struct AdjacencyGroup {
  Adjacency first{};
  std::uint16_t count = 1;
  const Adjacency* members = nullptr;  // `count` of them; null: `first` is the only one

  // `flow_hash`: uniform over 32 bits; equal ones go the same way.
  [[nodiscard]] const Adjacency& member(std::uint32_t flow_hash) const {
    if (__builtin_expect(members == nullptr, 1)) return first;
    return members[std::uint64_t{flow_hash} * count >> 32];
  }
};
static_assert(sizeof(AdjacencyGroup) == 32, "two a cache line");

}  // namespace stillwater::dataplane
