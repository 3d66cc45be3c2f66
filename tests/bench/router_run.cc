#include "tests/bench/router_run.h"

#include "tests/bench/network.h"

namespace stillwater::bench {

RouterRun::RouterRun(Device device, const Routes& routes, const FrameBytes& frame_bytes, Random& random,
                     const RouteRoom& room)
    : LoadedPlane(device, {.config = [&](const Devices& devices) { return router(routes, devices, room); },
                           .sources = {source_of(kInside, routes, frame_bytes, random),
                                       source_of(kOutside, routes, frame_bytes, random)}}) {}

}  // namespace stillwater::bench
