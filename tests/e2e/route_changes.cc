// Routes that the management API gives a router pair.
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"
#include "tests/e2e/router_pair.h"
#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

constexpr const char* kBehind = "198.51.100.7";  // a host behind the server
constexpr int kMany = 25'000;

// No more is sent than the answer needs: a host that nobody reaches is told of by an error, or by silence.
bool reaches(const RouterPair& pair) {
  const auto said =
      rig::run_command_in(pair.network.space("client").fd(), {"ping", "-c", "1", "-W", "2", kBehind}, 10s);
  return said && said->exit_status == 0;
}

std::uint64_t from_api(const NodeUnderTest& node) {
  return node.status()["routes"].value("from_api", std::uint64_t{0});
}

struct RoutedPair : RouterPair {
  explicit RoutedPair(const std::string& name) : RouterPair(name) {
    must_say("server", {"ip", "address", "add", std::string(kBehind) + "/32", "dev", "lo"});
  }

  // Of many networks that no host is in.
  [[nodiscard]] std::string file_of_routes() const {
    std::string path = where.out + "/routes";
    std::ofstream file(path);
    for (int i = 0; i < kMany; ++i) file << "100." << i / 256 << '.' << i % 256 << ".0/24 via 10.80.2.2\n";
    return path;
  }
};

}  // namespace

TEST_CASE("routes of the API are on both nodes, and serve on whoever of them leads") {
  RoutedPair pair("route-changes");
  pair.start_in_sync();
  CHECK_FALSE(reaches(pair));
  CHECK_FALSE(pair.b.obeys({"routes", "put", "198.51.100.0/24", "--via", "10.80.2.2"}));
  REQUIRE(pair.a.obeys({"routes", "put", "198.51.100.0/24", "--via", "10.80.2.2"}));
  CHECK(reaches(pair));
  CHECK(from_api(pair.a) == 1);
  CHECK(from_api(pair.b) == 1);

  REQUIRE(pair.a.obeys({"routes", "load", pair.file_of_routes(), "--timeout", "30s"}));
  CHECK(from_api(pair.a) == kMany + 1);
  CHECK(from_api(pair.b) == kMany + 1);

  pair.a.kill();
  REQUIRE(eventually(20s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(reaches(pair));
  REQUIRE(pair.b.obeys({"routes", "remove", "100.0.0.0/24"}));

  // Who comes back is filled after it has them all.
  pair.a.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(30s, [&] { return pair.b.status().value("can_fail_over", false); }));
  CHECK(from_api(pair.a) == kMany);
  CHECK(pair.b.status()["routes"].value("peer", std::string()).ends_with(" built"));
  REQUIRE(pair.b.obeys({"switchover", "--force"}));
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "active"; }));
  CHECK(reaches(pair));
  REQUIRE(pair.a.obeys({"routes", "remove", "198.51.100.0/24"}));
  CHECK_FALSE(reaches(pair));
  CHECK(from_api(pair.b) == kMany - 1);
}

TEST_CASE("a change of routes that cannot be is refused with its reason, and changes nothing") {
  RoutedPair pair("route-refusals");
  pair.start_in_sync();
  const auto has = [](const std::string& text, const char* words) {
    INFO(text);
    CHECK(text.find(words) != std::string::npos);
  };
  has(pair.a.refusal({"routes", "put", "198.51.100.0/24", "--via", "10.99.0.1"}), "10.99.0.1");
  has(pair.a.refusal({"routes", "put", "198.51.100.7/24", "--via", "10.80.2.2"}), "198.51.100.0/24");
  has(pair.a.refusal({"routes", "put", "198.51.100.0/24", "--via", "fe80::1"}), "has a port beside it");
  has(pair.a.refusal({"routes", "remove", "198.51.100.0/24"}), "is not there to be removed");
  has(pair.a.refusal({"routes", "put", "203.0.113.0/24", "--via", "10.80.2.2"}),
      "stands in the configuration file");
  CHECK(from_api(pair.a) == 0);
  CHECK(from_api(pair.b) == 0);
  CHECK(pair.a.status()["routes"].value("generation", 0) == 1);
}

TEST_CASE("a router says what a packet would meet, and pings from its own addresses") {
  RoutedPair pair("probes");
  pair.start_in_sync();
  const std::vector<std::string> question = {"trace",     "--port",        "inside", "--source",
                                             "10.80.1.2", "--destination", kBehind};
  auto said = pair.a.ask(question);
  INFO(said.dump(2));
  CHECK(said.value("end", std::string()) == "refused");
  REQUIRE(pair.a.obeys({"routes", "put", "198.51.100.0/24", "--via", "10.80.2.2"}));
  said = pair.a.ask(question);
  INFO(said.dump(2));
  CHECK(said.value("end", std::string()) == "output");
  REQUIRE(said["frames"].size() == 1);
  CHECK(said["frames"][0].value("port", std::string()) == "outside");
  CHECK(said["frames"][0].value("next_hop", std::string()) == "10.80.2.2");
  CHECK(pair.b.refusal(question).find("does not lead") != std::string::npos);

  for (const char* host : {"10.80.2.2", "2001:db8:2::2", kBehind}) {
    const auto pinged = pair.a.ask({"ping", host, "--count", "3", "--interval", "10ms", "--size", "1900"});
    INFO(pinged.dump(2));
    CHECK(pinged.value("answered", 0) == 3);
  }
  CHECK(pair.a.refusal({"ping", "10.80.2.77", "--count", "1", "--wait", "100ms"}).find("none answered") !=
        std::string::npos);
}

}  // namespace stillwater::e2e
