// What a node refuses, with what words, and that it goes on as if nothing had come.
#include <array>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {
namespace {

// Connects to the replication port from inside `space`, sends `bytes`, and returns what is answered until
// the node closes.
std::string send_to_replication_port(const rig::Space& space, const std::vector<std::uint8_t>& bytes) {
  std::string answer;
  const Status done = rig::inside_space(space.fd(), [&]() -> Status {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{5, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(7700);
    inet_pton(AF_INET, "10.80.3.1", &to.sin_addr);
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
      return fail_errno("connect", errno);
    if (send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return fail_errno("send", errno);
    char chunk[512];
    for (ssize_t n; (n = recv(fd.get(), chunk, sizeof(chunk), 0)) > 0;)
      answer.append(chunk, static_cast<std::size_t>(n));
    return {};
  });
  REQUIRE(done.has_value());
  return answer;
}

}  // namespace

TEST_CASE(
    "random bytes and other versions on the replication port are refused with a reason; the pair goes on") {
  PairFixture pair("garbage");
  pair.start_in_sync();
  pair.open_flows(20);
  const auto before = pair.a.status();

  std::mt19937 random(20261123);
  for (int i = 0; i < 20; ++i) {
    std::vector<std::uint8_t> bytes(1 + random() % 4000);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    send_to_replication_port(pair.network.space("standby"), bytes);
  }
  const std::vector<std::uint8_t> other_version = {'S', 'W', 'R', 'P', 99, 0, 1, 0, 0, 0, 0, 0,
                                                   0,   0,   0,   0,   0,  0, 0, 0, 0, 0, 0, 0};
  const std::string answer = send_to_replication_port(pair.network.space("standby"), other_version);
  CHECK(answer.find("wire format 99") != std::string::npos);

  const auto after = pair.a.status();
  CHECK(after.value("replication_refused", 0) >= before.value("replication_refused", 0) + 20);
  CHECK(after.value("last_refusal", std::string()).find("wire format 99") != std::string::npos);
  CHECK(after.value("can_fail_over", false));
  pair.require_flows_survive();
}

TEST_CASE("a node with another table layout or other rules is refused; both sides say why") {
  const auto [what, edit] = GENERATE(table<std::string, std::function<std::string(std::string)>>({
      {"layout",
       [](std::string text) { return replaced(std::move(text), "sessions: 65536", "sessions: 4096"); }},
      {"service configuration",
       [](std::string
              text) { return replaced(std::move(text), "id: 20, action: deny", "id: 20, action: allow"); }},
  }));
  PairFixture pair("mismatch", edit);
  pair.a.start();
  pair.b.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  const auto says_why = [&, expected = what](const NodeUnderTest& node) {
    return node.status().value("last_refusal", std::string()).find(expected) != std::string::npos;
  };
  CHECK(eventually(20s, [&] { return says_why(pair.a) && says_why(pair.b); }));
  CHECK(eventually(20s, [&] { return pair.a.role() == "standalone"; }));
  CHECK(pair.b.role() == "starting");
}

TEST_CASE(
    "a wrong replication.peer makes no pair: TCP alone does not count, and the node says what to check") {
  PairFixture pair("wrong-peer", {}, [](std::string text) {
    return replaced(std::move(text), "peer: 10.80.3.2:7700", "peer: 10.80.3.2:7701");
  });
  pair.a.start();
  pair.b.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  CHECK(eventually(20s, [&] {
    return pair.b.status()
               .value("last_refusal", std::string())
               .find("no heartbeat came from 10.80.3.1:7700") != std::string::npos;
  }));
  CHECK(eventually(20s, [&] { return pair.a.role() == "standalone"; }));
  CHECK(pair.b.role() == "starting");
  CHECK_FALSE(pair.a.status().value("can_fail_over", true));
}

TEST_CASE("a core that does not exist is refused before DPDK starts, with those that there are") {
  PairFixture pair("no-core", {}, [](std::string text) {
    return replaced(std::move(text), "hugepages: false", "hugepages: false\n  cores: [999]");
  });
  pair.a.start();
  CHECK(pair.a.exit_status_within(20s) == 1);
  INFO(pair.a.log());
  CHECK(pair.a.log().find("core 999 does not exist") != std::string::npos);
  CHECK(pair.a.log().find("it may use 0") != std::string::npos);
}

TEST_CASE("a second daemon of the same node is refused and the first goes on") {
  PairFixture pair("second-daemon");
  pair.start_in_sync();
  NodeUnderTest second(pair.where, "fw-a", pair.network.space("active"));
  second.start();
  CHECK(second.exit_status_within(20s) == 1);
  CHECK(second.log().find("Address already in use") != std::string::npos);
  CHECK(pair.a.role() == "active");
  CHECK(pair.a.status().value("can_fail_over", false));
}

TEST_CASE("a peer that uses this node's name is refused") {
  PairFixture pair("same-name",
                   [](std::string text) { return replaced(std::move(text), "name: fw-b", "name: fw-a"); });
  pair.a.start();
  pair.b.start();
  CHECK(eventually(20s, [&] {
    return pair.a.status().value("last_refusal", std::string()).find("calls itself fw-a") !=
           std::string::npos;
  }));
}

TEST_CASE("a wrong configuration ends the daemon with status 2 and its mistakes by line") {
  PairFixture pair("bad-config",
                   [](std::string text) { return replaced(std::move(text), "idle: sleep", "idle: nap"); });
  pair.b.start();
  CHECK(pair.b.exit_status_within(10s) == 2);
  CHECK(pair.b.log().find("fw-b.yaml:") != std::string::npos);
}

TEST_CASE("an operator checkpoints, quiesces and resumes; the node says what it cannot do and why") {
  PairFixture pair("operator");
  pair.start_in_sync();
  pair.open_flows(20);
  CHECK(pair.a.obeys({"checkpoint"}));
  CHECK_FALSE(pair.b.obeys({"checkpoint"}));
  CHECK_FALSE(pair.a.obeys({"resume"}));
  REQUIRE(pair.a.obeys({"quiesce", "--limit", "10s"}));
  CHECK_FALSE(pair.a.obeys({"quiesce", "--limit", "10s"}));
  CHECK_FALSE(pair.a.obeys({"checkpoint"}));
  CHECK(pair.a.status().value("can_fail_over", false));
  REQUIRE(pair.a.obeys({"resume"}));
  CHECK(pair.a.obeys({"policy", "set", "--interval", "2ms"}));
  CHECK_FALSE(pair.a.obeys({"policy", "set", "--interval", "1us"}));
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
