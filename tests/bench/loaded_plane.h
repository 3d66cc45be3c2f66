// A dataplane under load on one core, which it can leave to others for a while.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "tests/bench/checkpointed_plane.h"
#include "tests/bench/load_ports.h"
#include "tests/bench/load_source.h"

namespace stillwater::bench {

// One configuration, one load, one dataplane, from its making on: neighbours are known, and it forwards. Ends
// the program, saying why, where something fails. Control thread.
class LoadedPlane {
 public:
  using Devices = std::array<std::string, 2>;
  struct Parts {
    std::function<dataplane::Config(const Devices& devices)> config;
    LoadSources sources;
    std::function<void(CheckpointedPlane&)> fill{};  // its tables, before it starts
    unsigned circulating = LoadPorts::kCirculating;  // packets, where they do
  };
  LoadedPlane(Device device, Parts parts);
  virtual ~LoadedPlane();
  LoadedPlane(const LoadedPlane&) = delete;
  LoadedPlane& operator=(const LoadedPlane&) = delete;

  [[nodiscard]] CheckpointedPlane& plane() { return plane_; }
  // Millions of packets that left per second, for a window.
  [[nodiscard]] double mpps();
  // What checkpoints take of that, a window with beside one without, so that a noisy minute spoils both
  // alike: percent. After connect_standby.
  [[nodiscard]] double checkpoint_cost_percent(CheckpointedPlane::Pauses& pauses,
                                               CheckpointedPlane::Which which);

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
  void prepare(CheckpointedPlane& plane, const Parts& parts);

  LoadPorts ports_;
  SpareBuffers spares_;
  LoadSources sources_;
  CheckpointedPlane plane_;
};

}  // namespace stillwater::bench
