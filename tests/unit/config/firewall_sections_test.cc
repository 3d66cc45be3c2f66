// tcp and limits of a firewall: what they say, what is left out, and each mistake at its place.
#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

using dataplane::TcpChecks;

Result<Config> parsed(const std::string& sections) {
  return parse_config(with(kSample, "checkpoint:", sections + "\ncheckpoint:"), "f.yaml");
}

void check_report(const std::string& sections, const std::string& at, const std::string& says) {
  INFO(sections);
  const auto config = parsed(sections);
  REQUIRE_FALSE(config.has_value());
  CHECK_THAT(config.error().message, Catch::StartsWith("f.yaml:" + at + ": ") && Catch::Contains(says) &&
                                         Catch::Contains("; expected "));
  CHECK(config.error().message.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("tcp and limits: what is left out has its default") {
  const auto config = parse_config(kSample, "f.yaml");
  REQUIRE(config.has_value());
  CHECK(config->dataplane.tcp_checks == TcpChecks::strict);
  CHECK(config->dataplane.limits.sessions_per_source == 0);
  CHECK(config->dataplane.limits.half_open_per_source == 0);
  CHECK(config->dataplane.limits.new_per_s_per_source == 0);
  CHECK(config->dataplane.limits.half_open_max == 0);
  CHECK(config->dataplane.timeouts.other_s == 600);
}

TEST_CASE("tcp and limits: what is said is read") {
  const auto config = parsed(
      "tcp: {checks: off}\n"
      "limits: {sessions_per_source: 1000, half_open_per_source: 50, new_per_s_per_source: 20, "
      "half_open_max: 4096}");
  REQUIRE(config.has_value());
  CHECK(config->dataplane.tcp_checks == TcpChecks::off);
  CHECK(config->dataplane.limits.sessions_per_source == 1000);
  CHECK(config->dataplane.limits.half_open_per_source == 50);
  CHECK(config->dataplane.limits.new_per_s_per_source == 20);
  CHECK(config->dataplane.limits.half_open_max == 4096);
  CHECK(parsed("tcp: {checks: loose}")->dataplane.tcp_checks == TcpChecks::loose);
}

TEST_CASE("tcp and limits: mistakes") {
  check_report("tcp: {checks: lax}", "28:15", "one of strict, loose, off");
  check_report("tcp: {check: off}", "28:7", "unknown key 'check' in tcp");
  check_report("limits: {sessions_per_source: many}", "28:31", "'many' is");
  check_report("limits: {sessions_per_host: 1}", "28:10", "unknown key 'sessions_per_host' in limits");
  check_report("limits: {half_open_max: 0}", "28:25", "1 to 65536");
  check_report("limits: {half_open_max: 65537}", "28:25", "1 to 65536");
}

TEST_CASE("a router has neither tcp nor limits") {
  const std::string router = with(kSample, "function: firewall", "function: router");
  for (const char* section : {"tcp: {checks: off}", "limits: {half_open_max: 9}"}) {
    const std::string text = with(router, "checkpoint:", std::string(section) + "\ncheckpoint:");
    const auto config = parse_config(text, "f.yaml");
    REQUIRE_FALSE(config.has_value());
    CHECK_THAT(config.error().message, Catch::Contains("with 'function: router', which has none"));
  }
}

TEST_CASE("GRE and ESP have rules of their own, without ports") {
  const std::string gre = with(kSample, "protocol: tcp, destination_ports: 22", "protocol: gre");
  const auto config = parse_config(gre, "f.yaml");
  REQUIRE(config.has_value());
  CHECK(config->dataplane.rules.at(1).services.at(0).protocol == 47);
  const auto ports = parse_config(with(kSample, "protocol: tcp", "protocol: esp"), "f.yaml");
  REQUIRE_FALSE(ports.has_value());
  CHECK_THAT(ports.error().message, Catch::Contains("expected protocol: tcp or udp"));
}

}  // namespace stillwater::appliance
