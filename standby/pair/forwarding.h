// Seam: the packet half, as the role that a node plays needs it.
#pragma once

#include "base/announcer.h"
#include "base/barrier.h"

namespace stillwater::standby {

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
};

}  // namespace stillwater::standby
