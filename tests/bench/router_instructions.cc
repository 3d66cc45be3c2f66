#include "tests/bench/router_instructions.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <semaphore>

#include <rte_ethdev.h>
#include <valgrind/callgrind.h>

#include "dataplane/control/eal.h"
#include "tests/bench/callgrind.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/router_run.h"

namespace stillwater::bench {
namespace {

constexpr std::size_t kRoutes = 100'000;
constexpr std::size_t kFunctions = 12;  // of a profile

// Counts whole turns of a worker, from one look at its first port to another, without the making of the load
// in between. Both ports have it called before and after their source; on the worker's thread.
class CountedTurns {
 public:
  // `run` rests.
  explicit CountedTurns(RouterRun& run) : run_(run), first_port_(run.ports()[0]) {
    for (const std::uint16_t port : run.ports()) {
      const void* first = rte_eth_add_first_rx_callback(port, 0, &CountedTurns::before_source, this);
      const void* last = rte_eth_add_rx_callback(port, 0, &CountedTurns::after_source, this);
      if (first == nullptr || last == nullptr) must(fail(Errc::io, "no callback"), "count");
    }
  }
  // How many packets were counted, once they were.
  std::uint64_t wait() {
    if (!done_.try_acquire_for(300s)) must(fail(Errc::timed_out, "it does not forward"), "count");
    return packets_;
  }

 private:
  static constexpr unsigned kUncounted = 64;
  static constexpr unsigned kCounted = 256;

  static std::uint16_t before_source(std::uint16_t, std::uint16_t, rte_mbuf**, std::uint16_t n, std::uint16_t,
                                     void* self) {
    static_cast<CountedTurns*>(self)->collect(false);
    return n;
  }
  static std::uint16_t after_source(std::uint16_t port, std::uint16_t, rte_mbuf**, std::uint16_t n,
                                    std::uint16_t, void* self) {
    static_cast<CountedTurns*>(self)->received(port, n);
    return n;
  }

  void received(std::uint16_t port, std::uint16_t n) {
    if (port == first_port_) begin_turn();
    if (turn_ <= kUncounted || turn_ > kUncounted + kCounted) return;
    packets_ += n;
    collect(true);
  }
  void begin_turn() {
    ++turn_;
    if (turn_ == 1) CALLGRIND_START_INSTRUMENTATION;
    if (turn_ == kUncounted / 2) run_.greet_again();  // time goes on, however slow all this is
    if (turn_ != kUncounted + kCounted + 1) return;
    CALLGRIND_STOP_INSTRUMENTATION;
    done_.release();
  }
  void collect(bool on) {
    if (on == collecting_) return;
    collecting_ = on;
    CALLGRIND_TOGGLE_COLLECT;
  }

  RouterRun& run_;
  std::uint16_t first_port_;
  unsigned turn_ = 0;
  bool collecting_ = false;
  std::uint64_t packets_ = 0;
  std::binary_semaphore done_{0};
};

void add_family(Report& report, const std::string& family, const std::string& out) {
  const std::string path = std::filesystem::path(out).replace_extension("." + family + ".callgrind").string();
  const auto printed = run_under_callgrind("--instructions " + family, path);
  const auto profile = printed.and_then([&](const std::string&) { return read_profile(path); });
  if (!profile) {
    std::fprintf(stderr, "instructions of %s not counted: %s\n", family.c_str(),
                 profile.error().message.c_str());
    return;
  }
  const double packets = std::strtod(printed->c_str(), nullptr);
  const std::string id = "router_instructions_per_packet." + family;
  report.add({.id = id,
              .unit = "instructions",
              .samples = {static_cast<double>(profile->instructions) / packets},
              .note =
                  "64 octets, 100,000 routes, net_null with its driver; without the making of the load. By "
                  "callgrind, whose processor has no AVX512: the FIB is looked up by scalar code"});
  std::vector<ProfileLine> lines;
  for (const auto& [name, instructions] : profile->functions) {
    if (lines.size() == kFunctions) break;
    lines.push_back(
        {.function = name,
         .instructions = static_cast<double>(instructions) / packets,
         .percent = 100 * static_cast<double>(instructions) / static_cast<double>(profile->instructions)});
  }
  report.add_profile(id, std::move(lines));
}

}  // namespace

void add_instructions(Report& report, const std::string& out) {
  for (const char* family : {"ipv4", "ipv6"}) add_family(report, family, out);
}

void forward_counted(const std::string& family) {
  dataplane::EalOptions eal;
  eal.memory_mib = 1536;
  must(dataplane::init_eal(eal), "EAL");
  Random random;
  const bool is_v4 = family == "ipv4";
  const Routes routes = is_v4 ? routes4(kRoutes, random) : routes6(kRoutes, random);
  RouterRun run(Device::null, routes, {static_cast<std::uint16_t>(is_v4 ? 60 : 74)}, random,
                is_v4 ? RouteRoom{.ipv6 = 1024} : RouteRoom{.ipv4 = 1024});
  run.rest();
  CountedTurns turns(run);
  run.wake();
  const std::uint64_t packets = turns.wait();
  run.rest();
  std::printf("%llu packets\n", static_cast<unsigned long long>(packets));
}

}  // namespace stillwater::bench
