// A pair of routers between a client and a server with real programs, in both families, before and after a
// failover.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"
#include "tests/e2e/pair_fixture.h"
#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

// The firewall's example made a router of both families: no rules, no translation.
std::string as_router(std::string text) {
  const std::size_t rules = text.find("rules:");
  const std::size_t timeouts = text.find("timeouts:");
  REQUIRE(rules != std::string::npos);
  REQUIRE(timeouts != std::string::npos);
  text.erase(rules, timeouts - rules);
  text = replaced(std::move(text), "function: firewall", "function: router");
  text = replaced(std::move(text), "memory: 256MiB", "memory: 512MiB");
  text = replaced(std::move(text), "[10.80.1.1/24]", "[10.80.1.1/24, \"2001:db8:1::1/64\"]");
  text = replaced(std::move(text), "[10.80.2.1/24]", "[10.80.2.1/24, \"2001:db8:2::1/64\"]");
  return text;
}

// Client and server have IPv6, and the server a way back.
rig::Plan network_of_routers() {
  rig::Plan plan = network_of_a_pair();
  for (const char* space : {"client", "server"})
    plan.settings.push_back({space, "net/ipv6/conf/default/disable_ipv6", "0"});
  plan.routes.push_back({"server", "10.80.1.0/24", "10.80.2.1"});
  return plan;
}

struct RouterPair : PairFixture {
  explicit RouterPair(const std::string& name)
      : PairFixture(name, as_router, as_router, network_of_routers()) {
    for (const auto& [space, net] : {std::pair{"client", "1"}, std::pair{"server", "2"}}) {
      const std::string subnet = std::string("2001:db8:") + net;
      must_say(space, {"ip", "address", "add", subnet + "::2/64", "dev", "eth0", "nodad"});
      must_say(space, {"ip", "-6", "route", "add", "default", "via", subnet + "::1"});
    }
  }

  // What the program says; it has to end well.
  std::string must_say(const char* space, const std::vector<std::string>& argv, Nanos limit = 20s) const {
    const auto said = rig::run_command_in(network.space(space).fd(), argv, limit);
    INFO(argv[0] << " in " << space);
    REQUIRE(said.has_value());
    INFO(said->out << said->err);
    REQUIRE(said->exit_status == 0);
    return said->out;
  }

  // A program that goes on in the server's namespace.
  rig::Child serve(const std::vector<std::string>& argv) const {
    auto child = rig::Child::start(argv, network.space("server").fd(), where.out + "/" + argv[0] + ".log");
    REQUIRE(child.has_value());
    return std::move(*child);
  }

  void ping(const char* target, const char* bytes) const {
    INFO(target << " " << bytes);
    must_say("client", {"ping", "-c", "2", "-i", "0.01", "-W", "5", "-s", bytes, target});
  }

  // Every size to the MTU and beyond it, whole and in fragments. The kernel puts IPv4 fragments together
  // before a packet socket's port has them, cut to what its ring takes: 1,982 octets.
  void ping_all_sizes() const {
    for (const char* target : {"10.80.2.2", "10.80.1.1", "10.80.2.1"})
      for (const char* bytes : {"0", "56", "1400", "1472", "1473", "1900"}) ping(target, bytes);
    for (const char* target : {"2001:db8:2::2", "2001:db8:1::1", "2001:db8:2::1"})
      for (const char* bytes : {"0", "56", "1400", "1452", "1453", "4000"}) ping(target, bytes);
    ping("2001:db8:2::2", "20000");
  }

  void trace() const {
    for (const auto& [target, hop, end] : {std::tuple{"10.80.2.2", "10.80.1.1", "10.80.2.2"},
                                           std::tuple{"2001:db8:2::2", "2001:db8:1::1", "2001:db8:2::2"}}) {
      const std::string route = must_say("client", {"traceroute", "-n", "-q", "1", "-w", "2", target});
      INFO(route);
      CHECK(route.find(hop) != std::string::npos);
      CHECK(route.rfind(end) > route.find(hop));
      const std::string path = must_say("client", {"tracepath", "-n", target});
      INFO(path);
      CHECK(path.find("pmtu 1500 hops 2") != std::string::npos);
    }
  }

  // A file over TCP, octet for octet.
  void copy_file(const std::string& listen, const std::string& connect) const {
    const std::string sent = where.out + "/sent";
    const std::string received = where.out + "/received";
    std::filesystem::remove(received);
    std::ofstream(sent) << std::string(4 << 20, 'x') << listen;
    const rig::Child server = serve({"socat", "-u", listen, "CREATE:" + received});
    REQUIRE(eventually(10s, [&] {
      const auto done =
          rig::run_command_in(network.space("client").fd(), {"socat", "-u", "FILE:" + sent, connect}, 20s);
      return done && done->exit_status == 0;
    }));
    REQUIRE(eventually(10s, [&] {
      std::error_code none;
      return std::filesystem::file_size(received, none) == std::filesystem::file_size(sent);
    }));
    must_say("client", {"cmp", sent, received});
  }

  void copy_files() const {
    copy_file("TCP4-LISTEN:5001,reuseaddr", "TCP4:10.80.2.2:5001");
    copy_file("TCP6-LISTEN:5002,reuseaddr", "TCP6:[2001:db8:2::2]:5002");
  }
};

// One transfer of both families that goes on for some seconds, with what it says at its end.
struct Transfer {
  Transfer(const RouterPair& pair, const char* target, const char* port)
      : server(pair.serve({"iperf3", "-s", "-1", "-p", port})),
        log(pair.where.out + "/iperf3." + port + ".log") {
    REQUIRE(eventually(10s, [&] {
      return pair.must_say("server", {"ss", "-tlnH"}).find(std::string(":") + port) != std::string::npos;
    }));
    auto started = rig::Child::start({"iperf3", "-c", target, "-p", port, "-t", "6", "-b", "20M", "--json"},
                                     pair.network.space("client").fd(), log);
    REQUIRE(started.has_value());
    client.emplace(std::move(*started));
  }

  // The octets that the far end has received.
  [[nodiscard]] double received() {
    REQUIRE(eventually(20s, [&] { return client->ended().has_value(); }));
    std::ifstream file(log);
    const auto said = nlohmann::json::parse(file, nullptr, false);
    REQUIRE_FALSE(said.is_discarded());
    INFO(said.dump());
    REQUIRE(said.contains("end"));
    REQUIRE(said["end"].contains("sum_received"));
    return said["end"]["sum_received"]["bytes"];
  }

  rig::Child server;
  std::string log;
  std::optional<rig::Child> client;
};

}  // namespace

TEST_CASE("a router pair carries real programs of both families, before and after its active dies") {
  RouterPair pair("router");
  pair.start_in_sync();
  pair.ping_all_sizes();
  pair.trace();
  pair.copy_files();

  Transfer four(pair, "10.80.2.2", "5201");
  Transfer six(pair, "2001:db8:2::2", "5202");
  pair.a.kill();
  REQUIRE(eventually(20s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(four.received() > 10e6);
  CHECK(six.received() > 10e6);

  pair.ping_all_sizes();
  pair.trace();
  pair.copy_files();
}

}  // namespace stillwater::e2e
