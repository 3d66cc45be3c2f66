// Seam: the packet half, as the role that a node plays needs it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "base/announcer.h"
#include "base/barrier.h"

namespace stillwater::standby {

// A frame that arrived at a port, by the port's place in the configuration.
struct WaitingFrame {
  std::uint16_t port;
  std::span<const std::byte> bytes;
};

// One control thread. Starts quiesced and discarding: a node that starts forwards nothing.
class Forwarding : public Announcer {
 public:
  [[nodiscard]] virtual Barrier& barrier() = 0;
  [[nodiscard]] virtual bool quiesced() const = 0;

  // While quiesced: ports are emptied and what came is freed (true), or packets wait in their rings (false).
  virtual void set_discard(bool on) = 0;
  // Waits until all that the receive rings held at this call is discarded. While quiesced and discarding.
  [[nodiscard]] virtual Status drain_ports(Nanos timeout) = 0;
  // While quiesced: frees all held output, which is never released.
  virtual void drop_held() = 0;
  // While quiesced: the region's clock goes on from here.
  virtual void continue_region_time(Nanos region_now) = 0;
  // While quiesced, after a takeover: the first turn mends soft state that may be stale and raises time-outs.
  virtual void on_activate() = 0;

  // A planned switchover loses nothing. While quiesced: what is held for epochs that are committed now
  // leaves.
  [[nodiscard]] virtual Status release_held(Nanos timeout) = 0;
  // While quiesced, at the node that hands over: what waits in the receive rings, and what arrives until the
  // successor's announcement was seen there, is kept for `take_waiting` (true), or no more of it (false).
  virtual void keep_waiting(bool on) = 0;
  // Gives all that was kept since the last call to `sink`, in the order of arrival. False: there will be no
  // more, the successor was announced on every port.
  [[nodiscard]] virtual bool take_waiting(const std::function<void(const WaitingFrame&)>& sink) = 0;
  // At the successor: as if the frame had arrived at its port here. One without a byte: there will be no
  // more.
  virtual void bring_waiting(const WaitingFrame& frame) = 0;
  // At the successor, while quiesced: what arrives before its first announcement has left is discarded, for
  // the other node keeps it; what arrives afterwards waits until all was brought, for `patience` at most.
  virtual void expect_waiting(Nanos patience) = 0;
};

}  // namespace stillwater::standby
