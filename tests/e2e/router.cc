// A pair of routers between a client and a server with real programs, in both families, before and after a
// failover.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"
#include "tests/e2e/router_pair.h"
#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

struct Programs : RouterPair {
  using RouterPair::RouterPair;

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
  Programs pair("router");
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
