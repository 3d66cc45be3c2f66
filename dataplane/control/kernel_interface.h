// What the kernel knows of a port's interface and DPDK's driver does not tell: whether it has its link, and
// what the rings of its packet sockets lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/fd.h"

namespace stillwater::dataplane {

// Asks through descriptors of its own, so that it can when the driver has closed its sockets.
class KernelInterface {
 public:
  // Control thread, when the driver has opened its sockets: those that this process has bound to the
  // interface are taken for the port's.
  explicit KernelInterface(unsigned index);

  // Up, and the other end answers. Any thread.
  [[nodiscard]] bool has_link() const;

  // Frames that found a packet socket's ring full, since this was made; 0 where the driver uses none. Any
  // thread. The kernel forgets what it told: nobody else may ask those sockets.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  unsigned index_;
  UniqueFd inquiries_;
  std::vector<UniqueFd> packet_sockets_;
  mutable std::atomic<std::uint64_t> dropped_{0};  // writer: whoever asks
};

}  // namespace stillwater::dataplane
