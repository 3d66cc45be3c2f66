// A firewall under load on one core.
#pragma once

#include <cstdint>
#include <memory>

#include "tests/bench/firewall_network.h"
#include "tests/bench/loaded_plane.h"
#include "tests/bench/random.h"
#include "tests/bench/refused_connections.h"

namespace stillwater::bench {

// Its table holds so many established TCP sessions from the start, all translated, whose segments come in
// random order on both sides.
class EstablishedRun final : public LoadedPlane {
 public:
  EstablishedRun(Device device, std::uint32_t sessions, Random& random);
};

// Sessions begin and end as fast as they can.
class OpeningRun final : public LoadedPlane {
 public:
  // Where packets circulate, as many do as there may be connections in flight.
  OpeningRun(Device device, const Rules& rules, std::uint32_t in_flight_max);

  // What a window brought.
  struct Opened {
    double sessions_per_s = 0;  // that began and whose end their client knows
    double mpps = 0;            // the packets of that
    std::uint32_t lost = 0;     // connections that never came to their end, after it
    std::uint64_t wrong = 0;    // frames; see RefusedConnections::wrong
  };
  // With checkpoints where `pauses` is given, after connect_standby. All connections have ended when this
  // returns, but for those that are lost, which are waited for no longer.
  [[nodiscard]] Opened open_for_a_window(CheckpointedPlane::Pauses* pauses);
  // Without an end.
  void open() { connections_->set_beginning(true); }

 private:
  OpeningRun(Device device, const Rules& rules, std::uint32_t in_flight_max,
             std::shared_ptr<RefusedConnections> connections);
  void go_on(Instant until, CheckpointedPlane::Pauses* pauses);

  std::shared_ptr<RefusedConnections> connections_;
};

}  // namespace stillwater::bench
