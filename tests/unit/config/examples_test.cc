// What right files mean, and that no damage to one goes unanswered.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

std::vector<std::filesystem::path> examples() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(CONFIGS_FOLDER)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path());
  }
  return found;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line + '\n');
  return lines;
}

// Either it loads, or each line of the report has a position.
void check_answered(const std::string& text) {
  const Result<Config> config = parse_config(text, "f.yaml");
  if (config) return;
  std::istringstream report(config.error().message);
  for (std::string line; std::getline(report, line);) {
    int at_line = 0, at_column = 0;
    const int read = std::sscanf(line.c_str(), "f.yaml:%d:%d: ", &at_line, &at_column);
    const bool says = line.find("; expected ") != std::string::npos;
    if (read != 2 || at_line < 1 || at_column < 1 || !says) FAIL_CHECK("not a line of a report: " << line);
  }
}

}  // namespace

TEST_CASE("every example loads") {
  REQUIRE(examples().size() >= 2);
  for (const auto& path : examples()) {
    const Result<Config> config = load_config(path);
    INFO(path << ": " << (config ? "" : config.error().message));
    CHECK(config.has_value());
  }
}

TEST_CASE("an example without one of its lines, or cut short, loads or reports where it is wrong") {
  for (const auto& path : examples()) {
    INFO(path);
    const auto lines = lines_of(path);
    for (std::size_t skipped = 0; skipped < lines.size(); ++skipped) {
      std::string text;
      for (std::size_t i = 0; i < lines.size(); ++i) text += i == skipped ? "" : lines[i];
      check_answered(text);
    }
  }
  for (std::size_t length = 0; length < kSample.size(); ++length) check_answered(kSample.substr(0, length));
}

TEST_CASE("a file with a few wrong characters loads or reports where it is wrong") {
  std::mt19937 random(1);
  const std::string characters = "[]{}:,-#&*!|>'\"%@` \n\t\0019/az\xff";
  for (int i = 0; i < 3000; ++i) {
    std::string text = kSample;
    for (int changes = 0; changes < 3; ++changes) {
      text[random() % text.size()] = characters[random() % characters.size()];
    }
    check_answered(text);
  }
}

TEST_CASE("a file that cannot be read is reported with the reason") {
  const auto missing = load_config("/nonexistent/f.yaml");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::io);
  CHECK_THAT(
      missing.error().message,
      Catch::StartsWith("/nonexistent/f.yaml:1:1: cannot be read: No such file or directory; expected"));
  const auto folder = load_config(CONFIGS_FOLDER);
  REQUIRE_FALSE(folder);
  CHECK_THAT(folder.error().message, Catch::Contains("Is a directory"));
}

TEST_CASE("values arrive as written") {
  const Result<Config> config = parse_config(kSample, "f.yaml");
  REQUIRE(config);
  CHECK(config->profile.name == "fw-a");
  CHECK(config->profile.role == InitialRole::active);
  CHECK(config->profile.management == "unix:/run/a.sock");
  CHECK(config->eal.memory_mib == 256);
  CHECK(config->eal.cores == std::vector<std::uint32_t>{1});
  CHECK(config->checkpoint.min_interval == 100us);
  CHECK(config->replication.enabled);
  CHECK(config->replication.paths.at(0).peer == Endpoint{"10.80.3.2", 7700});
  CHECK(config->replication.failure_timeout == 50ms);

  const dataplane::Config& plane = config->dataplane;
  REQUIRE(plane.ports.size() == 2);
  CHECK(plane.ports[1].mac == dataplane::MacAddress{0x02, 0x53, 0x57, 0, 2, 1});
  CHECK(plane.ports[1].addresses.at(0).address == 0x0a500201);
  CHECK(plane.ports[1].addresses.at(0).length == 24);
  REQUIRE(plane.routes.size() == 1);
  CHECK(plane.routes[0].to.length == 0);
  CHECK(plane.routes[0].via.at(0).via == IpAddress::v4(htonl(0x0a500202)));
  REQUIRE(plane.rules.size() == 2);
  CHECK(plane.rules[0].action == dataplane::RuleAction::allow);
  CHECK(plane.rules[0].to == std::vector<std::string>{"outside"});
  CHECK(plane.rules[0].services.empty());
  CHECK(plane.rules[1].from.empty());
  REQUIRE(plane.rules[1].services.size() == 1);
  CHECK(plane.rules[1].services[0].protocol == IPPROTO_TCP);
  CHECK(plane.rules[1].services[0].destination_ports.at(0).first == 22);
  CHECK(plane.rules[1].services[0].destination_ports.at(0).last == 22);
  REQUIRE(plane.source_nat.size() == 1);
  CHECK(plane.source_nat[0].ports.first == 1024);
  CHECK(plane.timeouts.udp_s == 120);
  CHECK(plane.timeouts.tcp_established_s == 7200);
}

TEST_CASE("a file without replication is a lone node, active by itself") {
  const Result<Config> config = parse_config(with(lone_sample(), "  role: active\n", ""), "f.yaml");
  REQUIRE(config);
  CHECK_FALSE(config->replication.enabled);
  CHECK(config->profile.role == InitialRole::active);
}

TEST_CASE("an IPv6 link is written in brackets and kept without them") {
  std::string text = with(kSample, "10.80.3.1:7700", "'[2001:db8::1]:7700'");
  text = with(text, "10.80.3.2:7700", "'[2001:db8::2]:7700'");
  const Result<Config> config = parse_config(text, "f.yaml");
  REQUIRE(config);
  CHECK(config->replication.paths.at(0).listen == Endpoint{"2001:db8::1", 7700});
}

}  // namespace stillwater::appliance
