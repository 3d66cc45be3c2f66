#include "tests/bench/veth_network.h"

#include <cstdio>
#include <fstream>
#include <thread>
#include <utility>

#include "tests/rig/process/command.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kUnderWay = 20ms;  // what was sent last arrives

// The addresses of network.h.
rig::Plan plan_of(VethNetwork::Gateway gateway) {
  rig::LinkEnd inside{.space = "gateway", .name = "in0", .arp = false};
  rig::LinkEnd outside{.space = "gateway", .name = "out0", .arp = false};
  rig::Plan plan;
  plan.spaces = {"client", "gateway", "server"};
  if (gateway == VethNetwork::Gateway::kernel) {
    inside = {.space = "gateway", .name = "in0", .address = "10.9.0.1/24", .mac = "02:53:57:00:01:01"};
    outside = {.space = "gateway", .name = "out0", .address = "10.2.0.1/24", .mac = "02:53:57:00:02:01"};
    plan.settings = {{"gateway", "net/ipv4/ip_forward", "1"}};
    plan.routes = {{"gateway", "10.1.0.0/16", "10.9.0.2"}};
  }
  plan.links = {{{.space = "client", .name = "in0", .address = "10.9.0.2/24"}, inside},
                {{.space = "server", .name = "out0", .address = "10.2.0.2/24"}, outside}};
  return plan;
}

// A bit map as /sys writes it: words of 32 bits, the highest first.
std::string map_of(std::optional<unsigned> core) {
  if (!core) return "0";
  char word[16];
  std::snprintf(word, sizeof(word), "%x", 1u << *core % 32);
  std::string map = word;
  for (unsigned i = 0; i < *core / 32; ++i) map += ",00000000";
  return map;
}

}  // namespace

Result<std::unique_ptr<VethNetwork>> VethNetwork::build(Gateway gateway, const std::string& letter) {
  auto topology = rig::Topology::build(plan_of(gateway), rig::own_prefix() + letter);
  if (!topology) return tl::unexpected(topology.error());
  std::unique_ptr<VethNetwork> network(new VethNetwork(std::move(*topology)));
  auto sender = PacketFlood::into(network->topology_.space("client").fd(), "in0");
  if (!sender) return tl::unexpected(sender.error());
  network->flood_.emplace(std::move(*sender));
  // Nobody listens: what arrives ends before anybody would say so.
  const Status dropped =
      network->nft("server",
                   "add table ip bench; add chain ip bench sink { type filter hook "
                   "prerouting priority -300; }; add rule ip bench sink ip protocol udp drop");
  if (!dropped) return tl::unexpected(dropped.error());
  return network;
}

Status VethNetwork::nft(const std::string& space, const std::string& commands) {
  const auto done = rig::run_command_in(topology_.space(space).fd(), {"nft", commands});
  if (!done) return tl::unexpected(done.error());
  if (done->exit_status != 0) return fail(Errc::unavailable, "nft in " + space + ": " + done->err);
  return {};
}

Status VethNetwork::translate() {
  return nft("gateway",
             "add table ip bench; add chain ip bench translate { type nat hook postrouting priority 100; }; "
             "add rule ip bench translate oifname out0 snat to 10.2.0.1");
}

// Through a shell that `ip netns exec` gives the namespace's own /sys.
Status VethNetwork::steer_to(std::optional<unsigned> core) {
  return rig::must_run({"ip", "netns", "exec", gateway().name(), "sh", "-c",
                        "echo " + map_of(core) + " > /sys/class/net/in0/queues/rx-0/rps_cpus"});
}

Result<VethNetwork::Flow> VethNetwork::flood(Nanos settle, Nanos window) {
  const BootClock clock;
  flood_->send(clock.now() + settle);
  const auto before = delivered();
  const Instant begin = clock.now();
  const std::uint64_t sent = flood_->send(begin + window);
  const double us = microseconds(clock.now() - begin);
  std::this_thread::sleep_for(kUnderWay);
  const auto after = delivered();
  if (!before) return tl::unexpected(before.error());
  if (!after) return tl::unexpected(after.error());
  return Flow{.offered_mpps = static_cast<double>(sent) / us,
              .delivered_mpps = static_cast<double>(*after - *before) / us};
}

// As the server's interface counts what it receives: "out0: BYTES PACKETS ...".
Result<std::uint64_t> VethNetwork::delivered() const {
  std::uint64_t bytes = 0, packets = 0;
  const Status read = rig::inside_space(topology_.space("server").fd(), [&]() -> Status {
    std::ifstream file("/proc/thread-self/net/dev");
    for (std::string word; file >> word;)
      if (word == "out0:" && file >> bytes >> packets) return {};
    return fail(Errc::io, "the server's interface has no counters");
  });
  if (!read) return tl::unexpected(read.error());
  return packets;
}

}  // namespace stillwater::bench
