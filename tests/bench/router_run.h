// A router under load on one core.
#pragma once

#include "tests/bench/loaded_plane.h"
#include "tests/bench/router_network.h"

namespace stillwater::bench {

// One table, packets to destinations in it.
class RouterRun final : public LoadedPlane {
 public:
  RouterRun(Device device, const Routes& routes, const FrameBytes& frame_bytes, Random& random,
            const RouteRoom& room = {});
};

}  // namespace stillwater::bench
