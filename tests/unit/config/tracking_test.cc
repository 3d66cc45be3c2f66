// What is tracked, and by which ways heartbeats go: right files, and each mistake at its place.
#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

const std::string kOnPackets =
    with(with(kSample, "net_null0", "net_af_packet0,iface=in0"), "net_null1", "net_af_xdp0,iface=out0");

std::string with_tracking(const std::string& section) {
  return with(kOnPackets, "log:", "tracking: {" + section + "}\nlog:");
}

std::string with_replication(const std::string& keys) {
  return with(kOnPackets, "failure_timeout: 50ms", "failure_timeout: 50ms\n  " + keys);
}

void check_report(const std::string& text, const std::string& at, const std::string& says) {
  INFO(text);
  const auto config = parse_config(text, "f.yaml");
  REQUIRE_FALSE(config.has_value());
  CHECK_THAT(config.error().message, Catch::StartsWith("f.yaml:" + at + ": ") && Catch::Contains(says) &&
                                         Catch::Contains("; expected "));
  CHECK(config.error().message.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("tracking: what is left out has its default, and a target knows the interface under its port") {
  const auto without = parse_config(kOnPackets, "f.yaml");
  REQUIRE(without.has_value());
  CHECK(without->tracking.targets.empty());
  CHECK(without->tracking.link_weight == 100);
  const auto config =
      parse_config(with_tracking("link_weight: 0, targets: [{port: inside, address: 10.80.1.9}], "
                                 "probe_peer: false, interval: 1s, misses: 5, recovery: 0s, "
                                 "worker_timeout: 60s"),
                   "f.yaml");
  REQUIRE(config.has_value());
  const TrackingConfig& tracking = config->tracking;
  REQUIRE(tracking.targets.size() == 1);
  CHECK(tracking.targets[0].interface == "in0");
  CHECK(tracking.targets[0].address == 0x0a500109);
  CHECK(tracking.targets[0].weight == 50);
  CHECK(tracking.link_weight == 0);
  CHECK_FALSE(tracking.probe_peer);
  CHECK(tracking.interval == 1s);
  CHECK(tracking.misses == 5);
  CHECK(tracking.recovery == 0s);
  CHECK(tracking.worker_timeout == 60s);
}

TEST_CASE("tracking: each mistake is reported at its place") {
  check_report(with_tracking("targets: [{port: insid, address: 10.80.1.9}]"), "38:22", "no port 'insid'");
  check_report(with_tracking("targets: [{port: outside, address: 10.80.2.9}]"), "38:22",
               "port 'outside' is none; expected a port of net_af_packet");
  check_report(with_tracking("targets: [{port: inside}]"), "38:22", "address");
  for (const char* no_host : {"10.80.1.1", "10.80.1.0", "10.80.1.255", "10.80.9.2"})
    check_report(with_tracking("targets: [{port: inside, address: " + std::string(no_host) + "}]"), "38:46",
                 "no other host of a subnet of port 'inside'");
  check_report(with_tracking("link_weight: 1001"), "38:25", "0 to 1000");
  check_report(with_tracking("misses: 0"), "38:20", "1 to 100");
  check_report(with_tracking("worker_timeout: 1ms"), "38:28", "50ms");
  check_report(with_tracking("intervall: 1s"), "38:12", "intervall");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "{port: inside, address: 10.80.1.9}, ";
  check_report(with_tracking("targets: [" + many + "]"), "38:21", "too many targets");
}

TEST_CASE("heartbeats by further addresses and data ports") {
  const auto config = parse_config(with_replication("heartbeat_ports: [inside]\n  heartbeat_paths: "
                                                    "[{listen: 10.9.0.1:7701, peer: 10.9.0.2:7701}]"),
                                   "f.yaml");
  REQUIRE(config.has_value());
  REQUIRE(config->replication.heartbeat_ports.size() == 1);
  CHECK(config->replication.heartbeat_ports[0].interface == "in0");
  REQUIRE(config->replication.heartbeat_paths.size() == 1);
  CHECK(config->replication.heartbeat_paths[0].peer == Endpoint{"10.9.0.2", 7701});
  CHECK(config->replication.paths.size() == 1);

  check_report(with_replication("heartbeat_ports: [outside]"), "37:21", "port 'outside' is none");
  check_report(with_replication("heartbeat_ports: [inside, inside]"), "37:29", "repeated");
  check_report(with_replication("heartbeat_ports: [nowhere]"), "37:21", "no port 'nowhere'");
  check_report(with_replication("heartbeat_paths: [{listen: 10.80.3.1:7700, peer: 10.9.0.2:1}]"), "37:21",
               "another path has the same listen");
  check_report(with_replication("heartbeat_paths: [{listen: 10.9.0.1:1}]"), "37:21", "peer");
}

}  // namespace stillwater::appliance
