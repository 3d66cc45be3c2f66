// What a node that does not lead has in memory, told against an epoch that both nodes had: enough to make the
// two memories equal again without sending all of it (mission D8: the union of both sides' changes).
#pragma once

#include <cstdint>
#include <vector>

#include "ckpt_engine/region/format.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::engine {

// Two epochs, of which the other node holds one whole. A number that was acknowledged is not used twice in a
// region; two nodes that went on from it, each by itself, may both have used the ones behind it.
struct CommonEpochs {
  std::uint64_t acknowledged = 0;
  std::uint64_t open = 0;  // its commit record was sent, and its fate is not known here; 0: there is none
};

struct Holdings {
  region::RegionId region_id{};  // all zero: nothing of use
  CommonEpochs epochs;
  std::vector<region::Extent> changed;  // since the older of them, whole lines; in no order
};

// More changes than that are not told: then all of the memory is sent.
inline constexpr std::size_t kHoldingsExtentsMax = 64u << 10;

// There is an epoch from which both went on: what differs now was changed by one of them, and is known. That
// both had sent a record of one number proves nothing.
[[nodiscard]] inline bool share_an_epoch(const CommonEpochs& a, const CommonEpochs& b) {
  return a.acknowledged == b.acknowledged || (a.open != 0 && a.open == b.acknowledged) ||
         (b.open != 0 && b.open == a.acknowledged);
}

// As frames, and back. A reader takes one frame after the other, until `told` says that all have come.
[[nodiscard]] std::vector<std::byte> frames_of(const Holdings& holdings);

class HoldingsReader {
 public:
  // Errors: protocol; the connection is of no use then.
  [[nodiscard]] Status take(const wire::Frame& frame);
  [[nodiscard]] bool told() const { return told_; }
  [[nodiscard]] const Holdings& holdings() const { return holdings_; }

 private:
  Holdings holdings_;
  bool told_ = false;
};

}  // namespace stillwater::engine
