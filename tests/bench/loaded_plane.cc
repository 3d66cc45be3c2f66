#include "tests/bench/loaded_plane.h"

#include <rte_mbuf.h>

#include "tests/bench/checkpointed.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kFirstWarmUp = 500ms;  // neighbours are learned
constexpr Nanos kWarmUp = 200ms;

std::int64_t free_all(SpareBuffers& spares) {
  const auto count = static_cast<std::int64_t>(spares.size());
  rte_pktmbuf_free_bulk(spares.data(), static_cast<unsigned>(count));
  spares.clear();
  return count;
}

}  // namespace

LoadedPlane::LoadedPlane(Device device, Parts parts)
    : ports_(device, parts.circulating),
      sources_(std::move(parts.sources)),
      plane_(parts.config(ports_.devices()), [&](CheckpointedPlane& plane) { prepare(plane, parts); }) {
  plane_.wait(plane_.clock().now() + kFirstWarmUp);
}

LoadedPlane::~LoadedPlane() {
  if (!plane_.plane().barrier().quiesced()) plane_.rest();
  for (const auto& source : sources_) source->detach();
  free_all(spares_);
}

void LoadedPlane::prepare(CheckpointedPlane& plane, const Parts& parts) {
  if (parts.fill) parts.fill(plane);
  for (unsigned side : {kInside, kOutside}) {
    if (ports_.circulate()) sources_[side]->keep_spares_in(spares_);
    sources_[side]->attach(port_called(ports_.devices()[side]));
  }
}

double LoadedPlane::mpps() {
  return plane_.forwarded_mpps([this](Instant until) { plane_.wait(until); });
}

double LoadedPlane::checkpoint_cost_percent(CheckpointedPlane::Pauses& pauses,
                                            CheckpointedPlane::Which which) {
  const double off = mpps();
  const double on = plane_.forwarded_mpps([&](Instant until) { plane_.checkpoint(until, pauses, which); });
  return 100 * (1 - on / off);
}

std::int64_t LoadedPlane::rest() {
  plane_.rest();
  const std::int64_t spare = free_all(spares_);
  return ports_.refill() - spare;
}

void LoadedPlane::greet_again() {
  for (const auto& source : sources_) source->greet_again();
}

void LoadedPlane::wake() {
  greet_again();
  plane_.wake();
  plane_.wait(plane_.clock().now() + kWarmUp);
}

std::int64_t LoadedPlane::received_and_not_sent() {
  std::int64_t packets = 0;
  for (const dataplane::PortStats& port : plane_.plane().port_stats())
    packets += static_cast<std::int64_t>(port.rx_packets) - static_cast<std::int64_t>(port.tx_packets);
  return packets;
}

std::array<std::uint16_t, 2> LoadedPlane::ports() const {
  return {port_called(ports_.devices()[kInside]), port_called(ports_.devices()[kOutside])};
}

}  // namespace stillwater::bench
