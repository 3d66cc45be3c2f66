#include "tests/bench/router_run.h"

#include "tests/bench/checkpointed.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kFirstWarmUp = 500ms;  // neighbours are learned
constexpr Nanos kWarmUp = 200ms;

}  // namespace

RouterRun::RouterRun(Device device, const Routes& routes, const FrameBytes& frame_bytes, Random& random,
                     const RouteRoom& room)
    : ports_(device),
      sources_{source_of(kInside, routes, frame_bytes, random),
               source_of(kOutside, routes, frame_bytes, random)},
      plane_(router(routes, ports_.devices(), room), [this] { attach(); }) {
  plane_.wait(plane_.clock().now() + kFirstWarmUp);
}

RouterRun::~RouterRun() {
  if (!plane_.plane().barrier().quiesced()) plane_.rest();
  for (RouteSource& source : sources_) source.detach();
}

void RouterRun::attach() {
  for (unsigned side : {kInside, kOutside}) sources_[side].attach(port_called(ports_.devices()[side]));
}

double RouterRun::mpps() {
  return plane_.forwarded_mpps([this](Instant until) { plane_.wait(until); });
}

std::int64_t RouterRun::rest() {
  plane_.rest();
  return ports_.refill();
}

void RouterRun::greet_again() {
  for (RouteSource& source : sources_) source.greet_again();
}

void RouterRun::wake() {
  greet_again();
  plane_.wake();
  plane_.wait(plane_.clock().now() + kWarmUp);
}

std::int64_t RouterRun::received_and_not_sent() {
  std::int64_t packets = 0;
  for (const dataplane::PortStats& port : plane_.plane().port_stats())
    packets += static_cast<std::int64_t>(port.rx_packets) - static_cast<std::int64_t>(port.tx_packets);
  return packets;
}

std::array<std::uint16_t, 2> RouterRun::ports() const {
  return {port_called(ports_.devices()[kInside]), port_called(ports_.devices()[kOutside])};
}

}  // namespace stillwater::bench
