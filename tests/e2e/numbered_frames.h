// Frames with a number each, sent at one interface and captured at another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/rig/topology/space.h"
#include "tests/rig/wire/packet_socket.h"

namespace stillwater::e2e {

struct CapturedFrame {
  std::uint32_t number;
  Instant at;  // when the kernel saw it
};

// One thread.
class NumberedFrames {
 public:
  // Sends at `out_at` of one namespace; captures what comes in at `in_at` of another (or the same).
  NumberedFrames(const rig::Space& out_space, const std::string& out_at, const rig::Space& in_space,
                 const std::string& in_at);

  // The next `count` numbers.
  void send(std::uint32_t count);
  [[nodiscard]] std::uint32_t sent() const { return next_; }
  // All that were captured so far, in the order in which they came.
  [[nodiscard]] const std::vector<CapturedFrame>& captured();
  // Waits until this many were captured; false past the limit.
  [[nodiscard]] bool arrive(std::size_t count, Nanos limit = 30s);
  // Every number up to the last captured came, once each and in order.
  [[nodiscard]] bool in_order();

 private:
  UniqueFd out_;
  UniqueFd in_;
  rig::PacketBatch batch_{2048};
  rig::StampReader stamps_;
  std::uint32_t next_ = 0;
  std::vector<CapturedFrame> captured_;
};

}  // namespace stillwater::e2e
