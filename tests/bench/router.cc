// The router on one core, beside DPDK's own forwarder on the same kind of device: packets a second to random
// destinations, with tables of 100,000 and 1,000,000 routes; the cost of checkpoints; routes that change.
//
// The load is written by DPDK's receive callback on the worker's own thread (route_source.h), whose cost is
// in every figure of ours and in none of the peer's.
#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include <netinet/in.h>

#include <CLI/CLI.hpp>

#include "dataplane/control/eal.h"
#include "dataplane/datapath/output/arp_frames.h"
#include "dataplane/datapath/output/nd_frames.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/checkpointed_plane.h"
#include "tests/bench/network.h"
#include "tests/bench/report.h"
#include "tests/bench/route_source.h"
#include "tests/bench/testpmd.h"

namespace stillwater::bench {
namespace {

// std::mt19937 gives 32 bits in whatever is as wide as a long.
class Random {
 public:
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_{1};
};

using dataplane::RouteChange;
using dataplane::RouteConfig;

constexpr std::uint32_t kNextHops = 64;  // on either side
constexpr std::size_t kDestinations = 1u << 18;

// In turn: 7 of 64 octets, 4 of 570, 1 of 1518, each with its CRC.
const std::vector<std::uint16_t> kImix{60, 60, 566, 60, 60, 566, 60, 1514, 60, 566, 60, 566};

struct Options {
  std::string out = "router.json";
  unsigned repetitions = 5;
  bool hugepages = true;
  std::string only;
};

IpAddress next_hop4(unsigned side, std::uint32_t which) {
  const std::uint32_t subnet = side == kInside ? RTE_IPV4(10, 9, 0, 0) : RTE_IPV4(10, 2, 0, 0);
  return IpAddress::v4(htonl(subnet + 2 + which % kNextHops));
}

IpAddress host6(unsigned side, std::uint32_t host) {
  IpAddress address{{0x20, 0x01, 0x0d, 0xb8, 0, static_cast<std::uint8_t>(1 + side)}};
  address.bytes[15] = static_cast<std::uint8_t>(host);
  return address;
}

// What `write` puts into an empty buffer.
template <class Write>
std::vector<std::uint8_t> frame_by(Write write) {
  std::vector<std::uint8_t> bytes(128);
  rte_mbuf frame{};
  frame.buf_addr = bytes.data();
  frame.buf_len = static_cast<std::uint16_t>(bytes.size());
  frame.nb_segs = 1;
  write(frame);
  bytes.resize(std::max<std::size_t>(frame.data_len, 60));
  return bytes;
}

// As lengths are spread over the Internet's table, about: most are /24, many /22 and /23, a few shorter.
std::uint8_t some_length4(Random& random) {
  constexpr std::array<std::uint8_t, 16> kLengths{24, 24, 24, 24, 24, 24, 24, 24,
                                                  24, 24, 23, 23, 22, 22, 20, 19};
  return kLengths[random() % kLengths.size()];
}

// Behind the wan, in public space, no two alike.
std::vector<RouteConfig> routes4(std::size_t count, Random& random) {
  std::set<IpPrefix> seen;
  std::vector<RouteConfig> routes;
  while (routes.size() < count) {
    const std::uint32_t address = RTE_IPV4(16, 0, 0, 0) + random() % RTE_IPV4(96, 0, 0, 0);
    const IpPrefix to = IpPrefix{IpAddress::v4(htonl(address)), some_length4(random)}.network();
    if (!seen.insert(to).second) continue;
    routes.push_back({.to = to, .via = {{next_hop4(routes.size() % 2, random())}}});
  }
  return routes;
}

std::vector<RouteConfig> routes6(std::size_t count, Random& random) {
  std::set<IpPrefix> seen;
  std::vector<RouteConfig> routes;
  while (routes.size() < count) {
    IpAddress address{{0x2a}};
    for (std::size_t i = 1; i < 6; ++i) address.bytes[i] = static_cast<std::uint8_t>(random());
    const IpPrefix to =
        IpPrefix{address, static_cast<std::uint8_t>(random() % 2 == 0 ? 48 : 32 + random() % 16)}.network();
    if (!seen.insert(to).second) continue;
    routes.push_back({.to = to, .via = {{host6(routes.size() % 2, 2 + random() % kNextHops)}}});
  }
  return routes;
}

// Somewhere in a route, chosen anew for each.
std::vector<IpAddress> destinations_of(const std::vector<RouteConfig>& routes, Random& random) {
  std::vector<IpAddress> destinations(kDestinations);
  for (IpAddress& destination : destinations) {
    const IpPrefix& to = routes[random() % routes.size()].to;
    destination = to.address;
    const unsigned first = to.length + (to.is_v4() ? 96u : 0u);
    for (unsigned bit = first; bit < 128; ++bit)
      if (random() % 2 == 0)
        destination.bytes[bit / 8] = static_cast<std::uint8_t>(destination.bytes[bit / 8] | 0x80u >> bit % 8);
  }
  return destinations;
}

dataplane::Config router(std::vector<RouteConfig> routes, unsigned first_device) {
  dataplane::Config config = firewall(256);
  config.function = dataplane::Function::router;
  config.rules.clear();
  config.neighbours_max = 16384;  // a set of four takes no fifth: of few sets some would be full
  config.routes4_max = 1'100'000;
  config.routes6_max = 220'000;
  for (unsigned side : {kInside, kOutside}) {
    config.ports[side].device = "net_null" + std::to_string(first_device + side);
    config.ports[side].addresses6 = {{host6(side, 1), 64}};
  }
  config.routes = std::move(routes);
  return config;
}

// One table, one load, one dataplane.
class Run {
 public:
  Run(const std::vector<RouteConfig>& routes, const std::vector<std::uint16_t>& frame_bytes, Random& random)
      : sources_{source(kInside, routes, frame_bytes, random), source(kOutside, routes, frame_bytes, random)},
        plane_(router(routes, devices_), [this] { attach(); }) {
    plane_.wait(plane_.clock().now() + 500ms);
  }
  ~Run() {
    must(plane_.plane().barrier().quiesce(5s), "end");
    for (RouteSource& source : sources_) source.detach();
    devices_ += 2;
  }

  [[nodiscard]] CheckpointedPlane& plane() { return plane_; }

  [[nodiscard]] double mpps() {
    return plane_.forwarded_mpps([&](Instant until) { plane_.wait(until); });
  }

 private:
  // With word of every neighbour, in both families.
  static RouteSource source(unsigned side, const std::vector<RouteConfig>& routes,
                            const std::vector<std::uint16_t>& frame_bytes, Random& random) {
    const bool is_v4 = routes.front().to.is_v4();
    RouteSource made({.to = kVirtualMac[side],
                      .from = kPeerMac[side],
                      .source = is_v4 ? next_hop4(side, 0) : host6(side, 2),
                      .destinations = destinations_of(routes, random),
                      .frame_bytes = frame_bytes});
    for (std::uint32_t hop = 0; hop < kNextHops; ++hop) {
      made.greet_with(frame_by([&](rte_mbuf& frame) {
        dataplane::write_arp_request(frame, kPeerMac[side], next_hop4(side, hop).v4_be(),
                                     htonl(side == kInside ? kInsideAddress : kOutsideAddress));
      }));
      made.greet_with(frame_by([&](rte_mbuf& frame) {
        dataplane::write_neighbour_solicitation(frame, kPeerMac[side], host6(side, 2 + hop), host6(side, 1),
                                                nullptr);
      }));
    }
    return made;
  }

  void attach() {
    for (unsigned side : {kInside, kOutside})
      sources_[side].attach(port_called("net_null" + std::to_string(devices_ + side)));
  }

  static inline unsigned devices_ = 0;
  std::array<RouteSource, 2> sources_;
  CheckpointedPlane plane_;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  void rates() {
    const auto table100k = routes4(100'000, random_);
    const auto table1m = routes4(1'000'000, random_);
    const auto table6 = routes6(100'000, random_);
    rate("router_mpps_100k", table100k, {60}, 15);
    rate("router_mpps_1M", table1m, {60}, 10);
    rate("router6_mpps_100k", table6, {74}, 8);
    rate("router_mpps_100k.imix", table100k, kImix, std::nullopt);
  }

  // Off and on side by side, so that a noisy minute spoils both alike.
  void checkpoints() {
    const auto table = routes4(100'000, random_);
    Run run(table, {60}, random_);
    run.plane().connect_standby();
    std::vector<double> cost;
    CheckpointedPlane::Pauses pauses;
    for (unsigned i = 0; i < options_.repetitions; ++i) {
      const double off = run.mpps();
      const double on =
          run.plane().forwarded_mpps([&](Instant until) { run.plane().checkpoint(until, pauses); });
      cost.push_back(100 * (1 - on / off));
    }
    report_.add({.id = "checkpoint_cost_percent",
                 .unit = "%",
                 .samples = cost,
                 .target = 2,
                 .note = "100,000 routes, 64 octets; 1 kHz with a live standby beside none"});
  }

  // Every route's next hop moves, batch by batch, while the worker forwards by the table.
  void changes() {
    auto table = routes4(1'000'000, random_);
    Run run(table, {60}, random_);
    const auto lost_before = run.plane().plane().drops();
    std::vector<double> rates;
    for (unsigned i = 0; i < options_.repetitions; ++i) rates.push_back(change_for_a_second(run, table));
    const auto lost = run.plane().plane().drops();
    report_.add({.id = "route_changes_per_s",
                 .unit = "1/s",
                 .samples = rates,
                 .target = 100'000,
                 .higher_is_better = true,
                 .note = "of 1,000,000 routes, in batches of 4,096, under load"});
    double packets = 0;
    for (const auto& [reason, count] : lost) {
      const auto before = lost_before.find(reason);
      const std::uint64_t more = count - (before == lost_before.end() ? 0 : before->second);
      if (more != 0)
        std::fprintf(stderr, "lost while routes changed: %s %llu\n", reason.c_str(),
                     static_cast<unsigned long long>(more));
      packets += static_cast<double>(more);
    }
    report_.add({.id = "route_changes_lost_packets", .unit = "packets", .samples = {packets}, .target = 0});
  }

  void finish() {
    report_.print();
    must(report_.write(options_.out), "report");
  }

 private:
  void rate(const char* id, const std::vector<RouteConfig>& routes,
            const std::vector<std::uint16_t>& frame_bytes, std::optional<double> target) {
    Run run(routes, frame_bytes, random_);
    std::vector<double> mpps;
    for (unsigned i = 0; i < options_.repetitions; ++i) mpps.push_back(run.mpps());
    report_.add({.id = id, .unit = "Mpps", .samples = mpps, .target = target, .higher_is_better = true});
    const auto macswap = testpmd_mpps("net_null", "macswap", 3, options_.hugepages);
    if (!macswap) return (void)std::fprintf(stderr, "%s\n", macswap.error().message.c_str());
    report_.add({.id = std::string(id) + ".of_macswap",
                 .unit = "Mpps",
                 .samples = mpps,
                 .bound = *macswap,
                 .higher_is_better = true,
                 .note = "beside dpdk-testpmd macswap on net_null, whose packets nobody writes"});
  }

  double change_for_a_second(Run& run, std::vector<RouteConfig>& table) {
    constexpr std::size_t kBatch = 4096;
    const Clock& clock = run.plane().clock();
    const Instant begin = clock.now();
    std::size_t changed = 0;
    std::vector<RouteChange> batch(kBatch);
    while (clock.now() < begin + CheckpointedPlane::kWindow) {
      for (RouteChange& change : batch) {
        RouteConfig& route = table[next_++ % table.size()];
        route.via = {{next_hop4(next_ % 2, random_())}};
        change = RouteChange{.route = route};
      }
      must(run.plane().plane().change_routes(batch), "routes");
      changed += batch.size();
    }
    return static_cast<double>(changed) / std::chrono::duration<double>(clock.now() - begin).count();
  }

  Options options_;
  Report report_{"router"};
  Random random_;
  std::size_t next_ = 0;
};

int run(const Options& options) {
  dataplane::EalOptions eal;
  eal.memory_mib = 2048;
  eal.hugepages = options.hugepages;
  must(dataplane::init_eal(eal), "EAL");
  Bench bench(options);
  if (options.only.empty() || options.only == "rates") bench.rates();
  if (options.only.empty() || options.only == "checkpoints") bench.checkpoints();
  if (options.only.empty() || options.only == "changes") bench.changes();
  bench.finish();
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_router: the router on one core, beside DPDK's own forwarder"};
  stillwater::bench::Options options;
  bool no_huge = false;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "seconds a figure, one a repetition")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--only", options.only, "one part of it")
      ->check(CLI::IsMember({"rates", "checkpoints", "changes"}));
  app.add_flag("--no-huge", no_huge, "without hugepages, which need `sysctl vm.nr_hugepages=1280` before");
  CLI11_PARSE(app, argc, argv);
  options.hugepages = !no_huge;
  return stillwater::bench::run(options);
}
