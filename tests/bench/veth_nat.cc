#include "tests/bench/veth_nat.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <sched.h>
#include <unistd.h>

#include "dataplane/control/eal.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/checkpointed_plane.h"
#include "tests/bench/network.h"
#include "tests/bench/veth_network.h"
#include "tests/rig/process/child.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kSettle = 300ms;
constexpr Nanos kWindow = 1s;
constexpr Nanos kLook = 50ms;
constexpr Nanos kReadyWithin = 15s;

unsigned last_core() { return std::thread::hardware_concurrency() - 1; }

// The sender's core while this lives. Processes that are started meanwhile would have it too.
class OnFirstCore {
 public:
  OnFirstCore() {
    sched_getaffinity(0, sizeof(before_), &before_);
    pin_this_thread_to_first_core();
  }
  ~OnFirstCore() { sched_setaffinity(0, sizeof(before_), &before_); }
  OnFirstCore(const OnFirstCore&) = delete;
  OnFirstCore& operator=(const OnFirstCore&) = delete;

 private:
  cpu_set_t before_{};
};

struct Samples {
  std::string id;
  std::string how;
  std::vector<double> mpps, offered_mpps;

  // False: it cannot be measured, which is said.
  bool take(VethNetwork& network) {
    const auto flow = network.flood(kSettle, kWindow);
    if (!flow) {
      std::fprintf(stderr, "%s: %s\n", id.c_str(), flow.error().message.c_str());
      return false;
    }
    mpps.push_back(flow->delivered_mpps);
    offered_mpps.push_back(flow->offered_mpps);
    return true;
  }
  void add_to(Report& report, const std::vector<double>& peer) const {
    if (mpps.empty()) return;
    char offered[32];
    std::snprintf(offered, sizeof(offered), "%.2f", percentile(offered_mpps, 0.5));
    report.add({.id = id,
                .unit = "Mpps",
                .samples = mpps,
                .higher_is_better = true,
                .note = how + "; one way, 10,000 flows of UDP, " + offered + " Mpps offered",
                .peer = peer});
  }
};

class KernelGateway {
 public:
  [[nodiscard]] static Result<KernelGateway> start() {
    auto network = VethNetwork::build(VethNetwork::Gateway::kernel, "k");
    if (!network) return tl::unexpected(network.error());
    if (Status done = (*network)->translate(); !done) return tl::unexpected(done.error());
    return KernelGateway(std::move(*network));
  }

  // In both arrangements.
  [[nodiscard]] bool take() { return arranged(std::nullopt, on_one_) && arranged(last_core(), steered_); }
  void add_to(Report& report) const {
    on_one_.add_to(report, {});
    steered_.add_to(report, {});
  }
  [[nodiscard]] const std::vector<double>& better() const {
    return percentile(on_one_.mpps, 0.5) > percentile(steered_.mpps, 0.5) ? on_one_.mpps : steered_.mpps;
  }

 private:
  explicit KernelGateway(std::unique_ptr<VethNetwork> network) : network_(std::move(network)) {}
  bool arranged(std::optional<unsigned> core, Samples& samples) {
    if (const Status steered = network_->steer_to(core); !steered) {
      std::fprintf(stderr, "%s: %s\n", samples.id.c_str(), steered.error().message.c_str());
      return false;
    }
    return samples.take(*network_);
  }

  std::unique_ptr<VethNetwork> network_;
  Samples on_one_{"veth_nat_mpps.nftables", "the kernel, on the sender's core", {}, {}};
  Samples steered_{"veth_nat_mpps.nftables_steered", "the kernel, on the last core (RPS)", {}, {}};
};

// Stands still, and leaves its core to others, but while it is measured.
class OurGateway {
 public:
  // Errors: what became of it, in its own words.
  [[nodiscard]] static Result<OurGateway> start(const std::string& driver, const std::string& letter,
                                                const std::string& out) {
    auto network = VethNetwork::build(VethNetwork::Gateway::ours, letter);
    if (!network) return tl::unexpected(network.error());
    const std::string log = std::filesystem::path(out).replace_extension("." + driver + ".log");
    auto process =
        rig::Child::start({std::filesystem::read_symlink("/proc/self/exe"), "--veth-gateway", driver},
                          (*network)->gateway().fd(), log);
    if (!process) return tl::unexpected(process.error());
    OurGateway gateway(driver, std::move(*network), std::move(*process));
    if (Status ready = gateway.wait_until_it_forwards(); !ready) return tl::unexpected(ready.error());
    gateway.signal(SIGSTOP);
    return gateway;
  }
  OurGateway(OurGateway&&) = default;
  OurGateway& operator=(OurGateway&&) = delete;

  [[nodiscard]] bool take() {
    signal(SIGCONT);
    const bool taken = samples_.take(*network_);
    signal(SIGSTOP);
    return taken;
  }
  void add_to(Report& report, const std::vector<double>& peer) const { samples_.add_to(report, peer); }

 private:
  OurGateway(const std::string& driver, std::unique_ptr<VethNetwork> network, rig::Child process)
      : network_(std::move(network)),
        process_(std::move(process)),
        samples_{"veth_nat_mpps." + driver.substr(4),
                 "ours on " + driver + ", on the last core, beside the better arrangement of the kernel",
                 {},
                 {}} {}
  void signal(int number) const { kill(process_.pid(), number); }

  // Neighbours have to be learned, and sessions opened.
  Status wait_until_it_forwards() {
    const BootClock clock;
    for (const Instant deadline = clock.now() + kReadyWithin; clock.now() < deadline;) {
      if (const auto end = process_.ended())
        return fail(Errc::unavailable, "it " + *end + ": " + rig::tail_of(process_.log_path(), 3));
      const auto flow = network_->flood(0ns, kLook);
      if (!flow) return tl::unexpected(flow.error());
      if (flow->delivered_mpps > 0.01) return {};
    }
    return fail(Errc::timed_out, "nothing comes out of it; see " + process_.log_path());
  }

  std::unique_ptr<VethNetwork> network_;
  rig::Child process_;  // gone before its namespace
  Samples samples_;
};

}  // namespace

void add_veth_nat(Report& report, unsigned repetitions, rig::Interrupts& interrupts, const std::string& out) {
  auto kernel = KernelGateway::start();
  if (!kernel) {
    std::fprintf(stderr, "source NAT over veth left out: %s\n", kernel.error().message.c_str());
    return;
  }
  std::vector<OurGateway> ours;
  for (const auto& [driver, letter] : {std::pair{"net_af_packet", "p"}, std::pair{"net_af_xdp", "x"}}) {
    if (interrupts.happened()) return;
    auto gateway = OurGateway::start(driver, letter, out);
    if (gateway)
      ours.push_back(std::move(*gateway));
    else
      std::fprintf(stderr, "%s over veth left out: %s\n", driver, gateway.error().message.c_str());
  }
  const OnFirstCore here;
  bool all_taken = true;
  for (unsigned i = 0; i < repetitions && all_taken && !interrupts.happened(); ++i) {
    all_taken = kernel->take();
    for (OurGateway& gateway : ours) all_taken = all_taken && gateway.take();
  }
  kernel->add_to(report);
  for (const OurGateway& gateway : ours) gateway.add_to(report, kernel->better());
}

void be_veth_gateway(const std::string& driver) {
  dataplane::EalOptions eal;
  eal.memory_mib = 512;
  must(dataplane::init_eal(eal), "EAL");
  dataplane::Config config = translating_firewall(65'536);
  config.ports[kInside].device = driver + "0,iface=in0";
  config.ports[kOutside].device = driver + "1,iface=out0";
  const CheckpointedPlane plane(config, [](CheckpointedPlane&) {});
  for (;;) pause();
}

}  // namespace stillwater::bench
