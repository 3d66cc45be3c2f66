#include "tests/bench/beside_testpmd.h"

#include <cstdio>

#include "tests/bench/checkpointed.h"

namespace stillwater::bench {

BesideTestpmd::BesideTestpmd(std::string id, Device device, std::vector<std::string> modes, bool hugepages)
    : id_(std::move(id)), device_(device) {
  auto peer = Testpmd::start(name_of(device), hugepages);
  if (!peer) {
    std::fprintf(stderr, "%s: no peer: %s\n", id_.c_str(), peer.error().message.c_str());
    return;
  }
  peer_ = std::move(*peer);
  for (std::string& mode : modes) modes_.push_back({.name = std::move(mode), .mpps = {}});
}

double BesideTestpmd::turn(LoadedPlane& run, const std::function<double()>& ours_mpps) {
  mpps_.push_back(ours_mpps());
  missing_.push_back(static_cast<double>(run.rest()));
  for (Mode& mode : modes_)
    mode.mpps.push_back(must(peer_->forwarded_mpps(mode.name, CheckpointedPlane::kWindow), "peer"));
  run.wake();
  return mpps_.back();
}

void BesideTestpmd::add_to(Report& report, const std::string& what) const {
  const std::string about = what.empty() ? "" : what + "; ";
  for (const Mode& mode : modes_)
    report.add({.id = id_ + ".of_" + mode.name,
                .unit = "Mpps",
                .samples = mpps_,
                .higher_is_better = true,
                .note = about + "beside dpdk-testpmd " + mode.name + " on " + name_of(device_),
                .peer = mode.mpps});
  if (device_ == Device::ring)
    report.add({.id = id_ + ".lost_packets",
                .unit = "packets",
                .samples = missing_,
                .target = 0,
                .note = "of those that circulate, after each second"});
}

}  // namespace stillwater::bench
