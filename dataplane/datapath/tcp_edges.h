// What the segments of a TCP session told of where its window's edges are, for judging a RST (RFC 5961).
#pragma once

#include <cstdint>

#include "ckpt_engine/region/session_table.h"

namespace stillwater::dataplane {

struct Packet;

// By direction of the segments that told; 0: not known. Not in the region: after a takeover the first packet
// of each direction says it anew, however long that takes, and until then no RST is exact. Windows are not
// enforced: a segment outside is its receiver's to refuse.
struct TcpEdges {
  std::uint32_t next[2] = {};          // the sequence number after the last byte sent
  std::uint32_t acknowledged[2] = {};  // the sequence number that is expected of the other side
};

// A segment other than RST was seen. Edges move forward only, so that what comes late or twice moves none.
void anchor(TcpEdges& edges, const Packet& packet, region::Direction direction);

// Whether a RST has the very number that its receiver expects, or that its sender has come to: only such a
// one ends the session here. Any other goes on to its receiver, which challenges it; the challenge says what
// is expected, and the sender's next RST is exact.
[[nodiscard]] bool is_exact_reset(const TcpEdges& edges, const Packet& packet, region::Direction direction);

}  // namespace stillwater::dataplane
