#include "tests/bench/testpmd.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tests/bench/report.h"

namespace stillwater::bench {
namespace {

std::string command_line(const std::string& device, const std::string& mode, unsigned seconds,
                         bool hugepages) {
  const std::string memory = hugepages ? "--in-memory" : "--no-huge -m 512 --no-shconf";
  return "timeout -s INT " + std::to_string(seconds + 3) + " dpdk-testpmd -l 0,1 --no-pci --no-telemetry " +
         memory + " --file-prefix stillwater-peer --vdev=" + device + "0 --vdev=" + device +
         "1 -- --forward-mode=" + mode +
         " --auto-start --tx-first --stats-period=1 --total-num-mbufs=16384 2>&1" + " </dev/null";
}

// Of a line such as "  Tx-pps:   34049214   Tx-bps: ...".
bool read_rate(const std::string& line, double& packets_per_s) {
  const std::size_t at = line.find("Tx-pps:");
  if (at == std::string::npos) return false;
  packets_per_s = std::strtod(line.c_str() + at + 7, nullptr);
  return true;
}

}  // namespace

Result<double> testpmd_mpps(const std::string& device, const std::string& mode, unsigned seconds,
                            bool hugepages) {
  const std::unique_ptr<FILE, int (*)(FILE*)> output(
      popen(command_line(device, mode, seconds, hugepages).c_str(), "r"), pclose);
  if (output == nullptr) return fail_errno("cannot run dpdk-testpmd", errno);
  std::vector<double> mpps;
  double of_first_port = 0;
  unsigned lines = 0;
  std::array<char, 512> line;
  while (std::fgets(line.data(), line.size(), output.get()) != nullptr) {
    double rate = 0;
    if (!read_rate(line.data(), rate)) continue;
    if (lines++ % 2 == 0)
      of_first_port = rate;
    else if (of_first_port + rate > 0)  // the first look is at no time at all
      mpps.push_back((of_first_port + rate) / 1e6);
  }
  if (mpps.empty()) return fail(Errc::unavailable, "dpdk-testpmd (package dpdk-dev) told no rates");
  return percentile(mpps, 0.5);
}

}  // namespace stillwater::bench
