// A standby that neither works nor goes away.
#include <csignal>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"
#include "tests/e2e/stopped_thread.h"

namespace stillwater::e2e {
namespace {

void require_alone_and_forwarding(PairFixture& pair) {
  INFO("fw-a: " << pair.a.log());
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone"; }));
  const nlohmann::json status = pair.a.status();
  CHECK(status.value("standbys_lost", 0) == 1);
  CHECK_FALSE(status.value("can_fail_over", false));
  CHECK(status.value("cannot_fail_over_because", std::string()).find("fw-b was removed") !=
        std::string::npos);
  CHECK(pair.a.log().find("role standalone: no standby: fw-b was removed from the in-sync set") !=
        std::string::npos);
  pair.require_flows_survive();
  pair.load->new_connections().start();
  REQUIRE(eventually(10s, [&] { return pair.load->new_connections().succeeded() > 100; }));
  CHECK(pair.load->new_connections().failed() == 0);
  pair.load->new_connections().stop();
}

void require_in_sync_again(PairFixture& pair) {
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(30s, [&] { return pair.a.role() == "active" && pair.b.role() == "standby"; }));
  pair.require_flows_survive();
}

}  // namespace

TEST_CASE("a standby whose process is frozen is dropped: the active goes on alone and says so") {
  PairFixture pair("frozen-standby");
  pair.start_in_sync();
  pair.open_flows(100, 100);
  kill(pair.b.pid(), SIGSTOP);
  require_alone_and_forwarding(pair);
  kill(pair.b.pid(), SIGCONT);
  require_in_sync_again(pair);
}

TEST_CASE("a standby that stops reading while its heartbeats go on is dropped as well") {
  PairFixture pair("deaf-standby");
  pair.start_in_sync();
  pair.open_flows(100, 100);
  {
    const StoppedThread deaf(pair.b.pid(), "sw-replication");
    require_alone_and_forwarding(pair);
    CHECK(pair.a.log().find("the standby does not acknowledge") != std::string::npos);
  }
  require_in_sync_again(pair);
}

}  // namespace stillwater::e2e
