// golden_runner FOLDER...: runs the dataplane on each folder's config.yaml, gives it the captures' packets,
// each at its time, and compares what it sends, byte for byte, and what it drops, by name. Cases of one
// function share a process, since DPDK takes longer to start than a case to run.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <thread>

#include "appliance/config/config.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/region/region.h"
#include "dataplane/control/eal.h"
#include "dataplane/dataplane.h"
#include "tests/golden/capture.h"
#include "tests/golden/wire.h"

namespace stillwater::golden {
namespace {

namespace fs = std::filesystem;

// Moves only when it is told to, so that no time-out depends on how fast this machine is.
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

// As the first case says.
void start_dpdk(const appliance::EalConfig& eal) {
  static bool is_started = false;
  if (!is_started)
    must(dataplane::init_eal({.memory_mib = eal.memory_mib, .cores = eal.cores, .log_level = "error"}));
  is_started = true;
}

// The packets of one time that one port receives.
struct Burst {
  Nanos at;
  std::size_t wire;
  std::span<const Captured> packets;
};

// A port that has a device, with what it is to receive and to send.
struct Line {
  explicit Line(std::string port, const std::string& captures)
      : name(std::move(port)),
        send(must(read_capture(captures + "send.pcap"))),
        expect(must(read_capture(captures + "expect.pcap"))) {}

  std::string name;
  std::vector<Captured> send;
  std::vector<Captured> expect;
  std::vector<Frame> sent;
  Wire wire;
};

std::vector<Burst> bursts_of(const std::vector<std::unique_ptr<Line>>& lines) {
  std::vector<Burst> bursts;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::span<const Captured> all(lines[i]->send);
    for (std::size_t first = 0, n = 0; first < all.size(); first += n) {
      for (n = 1; first + n < all.size() && all[first + n].at == all[first].at;) ++n;
      bursts.push_back({all[first].at, i, all.subspan(first, n)});
    }
  }
  std::ranges::stable_sort(bursts, {}, &Burst::at);
  return bursts;
}

class Case {
 public:
  explicit Case(fs::path folder) : folder_(std::move(folder)) {
    config_ = must(appliance::load_config(folder_ / "config.yaml"));
    start_dpdk(config_.eal);
    auto& ports = config_.dataplane.ports;
    const auto has_device = [](const dataplane::PortConfig& port) { return !port.device.empty(); };
    const bool is_alone = std::ranges::count_if(ports, has_device) == 1;
    for (dataplane::PortConfig& port : ports) {
      if (!has_device(port)) continue;
      const std::string captures = folder_ / (is_alone ? "" : port.name + ".");
      lines_.push_back(std::make_unique<Line>(port.name, captures));
      port.device = lines_.back()->wire.device();
    }
  }

  // True: as expected.
  bool run() {
    region::Layout layout;
    dataplane::Dataplane::add_roots(layout, config_.dataplane);
    const auto region = must(region::Region::create(layout));
    CommittedEpoch epochs;
    TransmitPermit permit;
    permit.set_until(TransmitPermit::kForever);
    const auto dataplane =
        must(dataplane::Dataplane::create(config_.dataplane, *region, epochs, permit, clock_));
    must(dataplane->start());
    dataplane->barrier().resume();
    play(*dataplane);
    must(dataplane->barrier().quiesce(5s));
    return report(dataplane->drops());
  }

 private:
  // Time-outs are looked at as often as that.
  static constexpr Nanos kStep = 50ms;
  // Counters reach the region in less.
  static constexpr Nanos kRest = 150ms;

  void play(const dataplane::Dataplane& dataplane) {
    for (const Burst& burst : bursts_of(lines_)) {
      pass_time(dataplane, burst.at);
      Wire& wire = lines_[burst.wire]->wire;
      wire.put(burst.packets);
      while (!wire.all_received()) std::this_thread::yield();
      settle(dataplane);
    }
    Nanos end{0};
    for (const auto& line : lines_)
      for (const auto* packets : {&line->send, &line->expect})
        if (!packets->empty()) end = std::max(end, packets->back().at);
    pass_time(dataplane, end + kRest);
  }

  void pass_time(const dataplane::Dataplane& dataplane, Nanos until) {
    while (now_ < until) {
      const Nanos step = std::min(kStep, until - now_);
      now_ += step;
      clock_.advance(step);
      settle(dataplane);
    }
  }

  // Some whole turns: one that looks at the clock, and what it left to do. The process's time-out bounds it.
  void settle(const dataplane::Dataplane& dataplane) {
    constexpr std::uint64_t kTurns = 4;
    const std::uint64_t until = dataplane.turns() + kTurns;
    while (dataplane.turns() < until) std::this_thread::yield();
    for (const auto& line : lines_) line->wire.take(line->sent);
  }

  [[nodiscard]] bool report(const std::map<std::string, std::uint64_t>& drops) const {
    std::string text;
    for (const auto& line : lines_) {
      const std::string wrong = differences(line->expect, line->sent);
      if (!wrong.empty()) text += "port " + line->name + ":\n" + wrong;
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
    if (!text.empty()) std::fprintf(stderr, "%s:\n%s", folder_.c_str(), text.c_str());
    return text.empty();
  }

  fs::path folder_;
  appliance::Config config_;
  std::vector<std::unique_ptr<Line>> lines_;
  ManualClock clock_;
  Nanos now_{0};  // since the captures' beginning
};

}  // namespace
}  // namespace stillwater::golden

int main(int argc, char** argv) {
  if (argc < 2) stillwater::golden::give_up("usage: golden_runner FOLDER...");
  bool as_expected = true;
  for (int i = 1; i < argc; ++i)
    if (!stillwater::golden::Case(argv[i]).run()) as_expected = false;
  return as_expected ? 0 : 1;
}
