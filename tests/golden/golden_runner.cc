// golden_runner FOLDER: runs the dataplane on the folder's config.yaml with captures for ports, and compares
// what it sends, byte for byte, and what it drops, by name. One case a process: DPDK starts only once.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "appliance/config/config.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/region/region.h"
#include "dataplane/control/eal.h"
#include "dataplane/dataplane.h"
#include "tests/golden/capture.h"

namespace stillwater::golden {
namespace {

namespace fs = std::filesystem;

// Stands still, so that no time-out depends on how fast this machine is.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return Nanos(now_.load()); }
  void advance(Nanos by) { now_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> now_{Nanos(1000s).count()};
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Case {
 public:
  explicit Case(fs::path folder)
      : folder_(std::move(folder)), sent_(fs::temp_directory_path() / scratch_name()) {
    config_ = must(appliance::load_config(folder_ / "config.yaml"));
    fs::create_directories(sent_);
    for (std::size_t i = 0; i < config_.dataplane.ports.size(); ++i) {
      dataplane::PortConfig& port = config_.dataplane.ports[i];
      const std::string send = capture(port.name, "send");
      port.device = "net_pcap" + std::to_string(i) + ",rx_pcap=" + send + ",tx_pcap=" + out(port.name);
      packets_ += must(read_capture(send)).size();
    }
  }
  ~Case() { fs::remove_all(sent_); }

  int run() {
    must(dataplane::init_eal(
        {.memory_mib = config_.eal.memory_mib, .cores = config_.eal.cores, .log_level = "error"}));
    region::Layout layout;
    dataplane::Dataplane::add_roots(layout, config_.dataplane);
    const auto region = must(region::Region::create(layout));
    CommittedEpoch epochs;
    TransmitPermit permit;
    permit.set_until(TransmitPermit::kForever);
    auto dataplane = must(dataplane::Dataplane::create(config_.dataplane, *region, epochs, permit, clock_));
    must(dataplane->start());
    dataplane->barrier().resume();
    wait_until_consumed(*dataplane);
    clock_.advance(150ms);  // counters reach the region
    wait_for_turns(*dataplane, 8);
    must(dataplane->barrier().quiesce(5s));
    const auto drops = dataplane->drops();
    dataplane.reset();  // closes the captures
    return report(drops);
  }

 private:
  [[nodiscard]] static std::string scratch_name() { return "stillwater-golden-" + std::to_string(getpid()); }
  [[nodiscard]] std::string capture(const std::string& port, const std::string& what) const {
    const std::string prefix = config_.dataplane.ports.size() == 1 ? "" : port + ".";
    return folder_ / (prefix + what + ".pcap");
  }
  [[nodiscard]] std::string out(const std::string& port) const { return sent_ / (port + ".pcap"); }

  // The process's time-out bounds both waits.
  void wait_until_consumed(const dataplane::Dataplane& dataplane) const {
    const auto received = [&] {
      std::uint64_t sum = 0;
      for (const auto& port : dataplane.port_stats()) sum += port.rx_packets;
      return sum;
    };
    while (received() < packets_) std::this_thread::yield();
  }
  static void wait_for_turns(const dataplane::Dataplane& dataplane, std::uint64_t turns) {
    const std::uint64_t until = dataplane.turns() + turns;
    while (dataplane.turns() < until) std::this_thread::yield();
  }

  [[nodiscard]] int report(const std::map<std::string, std::uint64_t>& drops) const {
    std::string text;
    for (const auto& port : config_.dataplane.ports) {
      const std::string wrong =
          differences(must(read_capture(capture(port.name, "expect"))), must(read_capture(out(port.name))));
      if (!wrong.empty()) text += "port " + port.name + ":\n" + wrong;
    }
    std::map<std::string, std::uint64_t> expected;
    std::ifstream file(folder_ / "drops.txt");
    for (std::string reason; file >> reason;) file >> expected[reason];
    for (const auto& [reason, count] : expected) {
      const auto found = drops.find(reason);
      const std::uint64_t got = found == drops.end() ? 0 : found->second;
      if (got != count)
        text += "drops: expected " + std::to_string(count) + " as " + reason + ", got " +
                std::to_string(got) + "\n";
    }
    for (const auto& [reason, count] : drops)
      if (!expected.contains(reason))
        text += "drops: " + std::to_string(count) + " unexpected, as " + reason + "\n";
    std::fputs(text.c_str(), stderr);
    return text.empty() ? 0 : 1;
  }

  fs::path folder_;
  fs::path sent_;
  appliance::Config config_;
  ManualClock clock_;
  std::uint64_t packets_ = 0;
};

}  // namespace
}  // namespace stillwater::golden

int main(int argc, char** argv) {
  if (argc != 2) stillwater::golden::give_up("usage: golden_runner FOLDER");
  return stillwater::golden::Case(argv[1]).run();
}
