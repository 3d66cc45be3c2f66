// A router under load on one core.
#pragma once

#include <array>
#include <cstdint>

#include "tests/bench/checkpointed_plane.h"
#include "tests/bench/load_ports.h"
#include "tests/bench/router_network.h"

namespace stillwater::bench {

// One table, one load, one dataplane, from its making on: neighbours are known, and it forwards. Ends the
// program, saying why, where something fails. Control thread.
class RouterRun {
 public:
  RouterRun(Device device, const Routes& routes, const FrameBytes& frame_bytes, Random& random,
            const RouteRoom& room = {});
  ~RouterRun();
  RouterRun(const RouterRun&) = delete;
  RouterRun& operator=(const RouterRun&) = delete;

  [[nodiscard]] CheckpointedPlane& plane() { return plane_; }
  // Millions of packets that left per second, for a window.
  [[nodiscard]] double mpps();

  // The worker leaves its core to others. How many of the packets that circulate in rings are gone since it
  // began; negative: there are more. They are put back.
  std::int64_t rest();
  // Word of all neighbours comes again. While it rests, or on its thread.
  void greet_again();
  // It takes its core again, hears of all neighbours anew, and forwards when this returns.
  void wake();
  // While it rests: packets that its ports received since they were opened and did not send.
  [[nodiscard]] std::int64_t received_and_not_sent();

  // While it rests: ids of DPDK's, by side.
  [[nodiscard]] std::array<std::uint16_t, 2> ports() const;

 private:
  void attach();

  LoadPorts ports_;
  std::array<RouteSource, 2> sources_;
  CheckpointedPlane plane_;
};

}  // namespace stillwater::bench
