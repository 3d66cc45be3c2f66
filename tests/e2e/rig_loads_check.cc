// The rig's further loads checked against themselves, on one link with a relay in it: what the relay does to
// their packets is what they report. Needs root; without it the cases say that they were skipped.
#include <filesystem>
#include <functional>

#include <catch2/catch.hpp>
#include <poll.h>
#include <unistd.h>

#include "tests/rig/load/probe.h"
#include "tests/rig/load/programs/program.h"
#include "tests/rig/load/replay.h"
#include "tests/rig/load/tcp_load.h"
#include "tests/rig/process/command.h"
#include "tests/rig/relay/relay.h"
#include "tests/rig/relay/splice.h"
#include "tests/rig/scenario/scenario.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::e2e {
namespace {

using namespace rig;

constexpr const char* kServer = "10.80.2.2";
constexpr Nanos kWithin = 10s;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTcp = 6;

bool can_run(const std::vector<std::string>& tools = {}) {
  bool able = geteuid() == 0 && is_in_path("ip") && is_in_path("ethtool");
  for (const std::string& tool : tools) able = able && is_in_path(tool);
  if (!able) WARN("skipped: needs root, ip, ethtool and the programs that it runs");
  return able;
}

bool eventually(const std::function<bool()>& holds, Nanos within = kWithin) {
  const BootClock clock;
  for (const Instant end = clock.now() + within; clock.now() < end;) {
    if (holds()) return true;
    poll(nullptr, 0, 10);
  }
  return holds();
}

void let_pass(Nanos time) {
  (void)eventually([] { return false; }, time);
}

// client 10.80.1.2 --- relay --- 10.80.2.2 server, as the capture has them, on one subnet.
struct Link {
  static Plan plan() {
    Plan plan;
    plan.spaces = {"client", "server"};
    plan.links = {{{.space = "client", .name = "eth0", .address = "10.80.1.2/16"},
                   {.space = "server", .name = "eth0", .address = "10.80.2.2/16"}}};
    REQUIRE(splice_relay(plan, "server", "eth0", "relay"));
    return plan;
  }

  // Returns once the ends know each other.
  Link() {
    const auto probe = Probe::start({.client_space_fd = network.space("client").fd(),
                                     .server_space_fd = network.space("server").fd(),
                                     .server_address = kServer,
                                     .per_second = 100,
                                     .at_most = kWithin})
                           .value();
    REQUIRE(eventually([&] { return probe->arrived() > 0; }));
  }

  [[nodiscard]] std::unique_ptr<TcpLoad> server_first(std::uint32_t connections) const {
    auto load = TcpLoad::start({.client_space_fd = network.space("client").fd(),
                                .server_space_fd = network.space("server").fd(),
                                .server_address = kServer,
                                .flows = 0,
                                .server_first = connections,
                                .new_per_second = 0})
                    .value();
    REQUIRE(eventually([&] { return load->server_first().counts().established == connections; }));
    // The client's kernel may put off its last ACK by 200 ms.
    let_pass(500ms);
    return load;
  }

  Topology network = Topology::build(plan(), own_prefix() + "l").value();
  std::unique_ptr<Relay> relay =
      Relay::start({.space_fd = network.space("relay").fd(), .a = kRelayA, .b = kRelayB}).value();
};

}  // namespace

TEST_CASE("exactly the replayed frames that the relay drops and repeats are reported so") {
  if (!can_run()) return;
  constexpr std::uint64_t kFrames = 400;
  Link link;
  Impairment impairment{.lose = {.numbers = {3, 50, 51, 52, 300}}, .duplicate = {.numbers = {100, 101}}};
  impairment.only = {.ip_protocol = kUdp, .port = 9};
  REQUIRE(link.relay->set(RelayWay::a_to_b, impairment));
  auto file = read_replay(RIG_SCENARIOS_DIR "/mixed.pcap", false);
  REQUIRE(file);
  const auto replay = Replay::start(std::move(*file), {.from = {link.network.space("client").fd(), "eth0"},
                                                       .to = {link.network.space("server").fd(), "eth0"},
                                                       .gateway = kServer,
                                                       .per_second = 500})
                          .value();
  REQUIRE(eventually([&] { return replay->sent() >= kFrames; }));
  replay->stop_sending();
  CHECK(eventually([&] { return replay->arrived() + 5 >= replay->sent() + 2; }));
  replay->stop_receiving();
  const ReplaySummary seen = replay->account().summary({}, {}, {});
  CHECK(seen.offered == replay->sent());
  CHECK(seen.lost_before == 5);
  CHECK(seen.duplicated == 2);
  CHECK(link.relay->counts(RelayWay::a_to_b).lost == 5);
  CHECK(replay->receiver_dropped() == 0);
}

TEST_CASE("a server-first connection is silent, and needs nothing of the client's to survive") {
  if (!can_run()) return;
  constexpr std::uint32_t kConnections = 20;
  Link link;
  const auto load = link.server_first(kConnections);
  // From now on whatever the client sends on these connections is dropped, and counted.
  Impairment deaf{.lose = {.every = 1}};
  deaf.only = {.ip_protocol = kTcp, .port = TcpLoadOptions{}.server_first_port};
  REQUIRE(link.relay->set(RelayWay::a_to_b, deaf));
  let_pass(700ms);
  CHECK(link.relay->counts(RelayWay::a_to_b).lost == 0);
  load->server_first().mark_fault();
  CHECK(eventually([&] { return load->server_first().counts().survived == kConnections; }));
  CHECK(link.relay->counts(RelayWay::a_to_b).lost > 0);
  CHECK(load->server_first().counts().broken == 0);
}

TEST_CASE("a server-first connection whose server is not let through has not survived") {
  if (!can_run()) return;
  Link link;
  const auto load = link.server_first(5);
  REQUIRE(link.relay->set(RelayWay::b_to_a, {.cut = true}));
  load->server_first().mark_fault();
  let_pass(ServerFirst::kWait + ServerFirst::kSpread + 500ms);
  CHECK(load->server_first().counts().established == 5);
  CHECK(load->server_first().counts().survived == 0);
}

TEST_CASE("real programs come through a pause of the path unharmed, and say how long it was") {
  for (const std::string& name : known_programs())
    if (!can_run(tools_of(name))) return;
  Link link;
  char folder[] = "/tmp/rig-programs-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const ProgramPlace place{.client_space_fd = link.network.space("client").fd(),
                           .server_space_fd = link.network.space("server").fd(),
                           .server_address = kServer,
                           .folder = folder,
                           .runs_for = 5s};
  std::vector<std::unique_ptr<Program>> programs;
  for (const std::string& name : known_programs()) programs.push_back(make_program(name, place));
  for (const auto& program : programs) {
    REQUIRE(program->start_server());
    REQUIRE(eventually([&] { return program->serving().value_or(false); }));
    REQUIRE(program->start_client());
  }
  let_pass(1s);
  for (const bool cut : {true, false}) {
    for (const RelayWay way : {RelayWay::a_to_b, RelayWay::b_to_a}) {
      REQUIRE(link.relay->set(way, {.cut = cut}));
    }
    if (cut) let_pass(1s);
  }
  for (const auto& program : programs) CHECK(eventually([&] { return program->over(); }));
  const ProgramOutcome iperf3 = programs[0]->finish();
  const ProgramOutcome http = programs[1]->finish();
  const ProgramOutcome ssh = programs[2]->finish();
  const ProgramOutcome dns = programs[3]->finish();
  std::filesystem::remove_all(folder);
  CHECK(iperf3.broke.empty());
  CHECK(iperf3.figures.at("longest_silence_ms") >= 900);
  CHECK(iperf3.figures.at("retransmits") > 0);
  CHECK(iperf3.figures.at("bytes") > 1e6);
  CHECK(http.broke.empty());
  CHECK(http.figures.at("download_complete") == 1);
  CHECK(http.figures.at("requests") > 5);
  CHECK(http.figures.at("requests_wrong") == 0);
  CHECK(ssh.broke.empty());
  CHECK(ssh.figures.at("complete") == 1);
  CHECK(dns.broke.empty());
  CHECK(dns.figures.at("lookups") > 10);
  CHECK(dns.figures.at("lookups_wrong") == 0);
}

}  // namespace stillwater::e2e
