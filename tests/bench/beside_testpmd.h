// A run that takes turns with DPDK's own forwarder, second by second, on the same kind of ports.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/loaded_plane.h"
#include "tests/bench/report.h"
#include "tests/bench/testpmd.h"

namespace stillwater::bench {

// Control thread. Where there is no peer, which is said on standard error, a turn is ours alone.
class BesideTestpmd {
 public:
  // `id`: of the figure. `modes`: as dpdk-testpmd names them.
  BesideTestpmd(std::string id, Device device, std::vector<std::string> modes, bool hugepages);

  // One repetition: `ours_mpps` measures, then `run` rests while the peer forwards in each of its modes, and
  // forwards again when this returns. What `ours_mpps` said.
  double turn(LoadedPlane& run, const std::function<double()>& ours_mpps);

  // What `turn` returned, a sample a repetition.
  [[nodiscard]] const std::vector<double>& mpps() const { return mpps_; }
  // "ID.of_MODE", ours beside the peer's, and of rings "ID.lost_packets". `what`: about all that is ours.
  void add_to(Report& report, const std::string& what = "") const;

 private:
  struct Mode {
    std::string name;
    std::vector<double> mpps;
  };

  std::string id_;
  Device device_;
  std::unique_ptr<Testpmd> peer_;
  std::vector<Mode> modes_;
  std::vector<double> mpps_, missing_;
};

}  // namespace stillwater::bench
