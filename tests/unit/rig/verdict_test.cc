// A verdict is good only if everything that it stands for holds.
#include "tests/rig/report/verdict.h"

#include <functional>

#include <catch2/catch.hpp>

namespace stillwater::rig {
namespace {

Measurements good_run() {
  Measurements run;
  run.system = "stillwater";
  run.fault = "kill";
  run.connections_wanted = 1000;
  run.tcp = {.established = 1000, .survived = 1000, .broken = 0};
  run.to_server.sent = run.to_client.sent = 20000;
  run.probe.sent = 40000;
  run.probe.lost_failover = 100;
  run.probe.outage_ms = 55;
  run.server_first_wanted = 100;
  run.server_first = {.established = 100, .survived = 100, .broken = 0};
  run.replay = ReplaySummary{.offered = 500, .arrived = 490, .lost_failover = 10};
  run.programs["iperf3"].figures["bytes"] = 1;
  run.attempts.ok = 4000;
  run.checkpoint = CheckpointFigures{.checkpoints = 900, .steady_checkpoints = 800};
  run.takeover = "fence 0.1 ms";
  return run;
}

}  // namespace

TEST_CASE("a run that lost probes in the failover alone is good") {
  CHECK(judge(good_run()).good());
  Measurements control = good_run();
  control.checkpoint.reset();
  CHECK(judge(control).good());
  Measurements at_the_limit = good_run();
  at_the_limit.outage_ms_at_most = 40;
  at_the_limit.probe.outage_ms = 40;
  at_the_limit.attempts.failed_failover = 3;
  CHECK(judge(at_the_limit).good());
}

TEST_CASE("each thing that must hold makes the verdict bad by itself, with one reason") {
  using Spoil = std::function<void(Measurements&)>;
  const std::vector<std::pair<std::string, Spoil>> ways{
      {"1 of 1000 TCP connections did not survive", [](Measurements& it) { it.tcp.survived = 999; }},
      {"only 999 of 1000", [](Measurements& it) { it.tcp.established = it.tcp.survived = 999; }},
      {"no probe was sent", [](Measurements& it) { it.probe.sent = 0; }},
      {"1 probes were lost outside", [](Measurements& it) { it.probe.lost_steady = 1; }},
      {"never sent", [](Measurements& it) { it.probe.unknown = 1; }},
      {"1 probes arrived with other bytes", [](Measurements& it) { it.probe.corrupted = 1; }},
      {"no probe was sent to the client", [](Measurements& it) { it.to_client.sent = 0; }},
      {"only 99 of 100 server-first",
       [](Measurements& it) { it.server_first = {.established = 99, .survived = 99, .broken = 0}; }},
      {"on 1 of 100 server-first", [](Measurements& it) { it.server_first.survived = 99; }},
      {"3 replayed frames were lost outside",
       [](Measurements& it) { it.replay->lost_before = 1, it.replay->lost_after = 2; }},
      {"no frame was replayed", [](Measurements& it) { it.replay->offered = 0; }},
      {"iperf3: nothing arrived", [](Measurements& it) { it.programs["iperf3"].broke = "nothing arrived"; }},
      {"never came back", [](Measurements& it) { it.probe.recovered = false; }},
      {"the outage of 150.5 ms", [](Measurements& it) { it.probe.outage_ms = 150.5; }},
      {"may hide an outage", [](Measurements& it) { it.probe.send_gap_ms = 51; }},
      {"failed before the fault", [](Measurements& it) { it.attempts.failed_before = 1; }},
      {"failed after the failover", [](Measurements& it) { it.attempts.failed_after = 1; }},
      {"no checkpoint was taken", [](Measurements& it) { it.checkpoint->steady_checkpoints = 0; }},
      {"more than one node answered", [](Measurements& it) { it.wire.emplace().overlaps.emplace_back(); }},
      {"disk full", [](Measurements& it) { it.problems = {"disk full"}; }},
  };
  for (const auto& [reason, spoil] : ways) {
    Measurements run = good_run();
    spoil(run);
    const Verdict verdict = judge(run);
    CAPTURE(reason);
    REQUIRE(verdict.reasons.size() == 1);
    CHECK(verdict.reasons.front().find(reason) != std::string::npos);
  }
}

TEST_CASE("a fault that must cost nothing is bad as soon as it costs a probe or a new connection") {
  Measurements run = good_run();
  run.expected = Expectation{.gone = {NodeId::standby}, .successor = false, .loses_service = false};
  run.takeover.clear();
  run.replay->lost_failover = 0;
  CHECK(judge(run).reasons ==
        std::vector<std::string>{"100 probes were lost to a fault that must cost nothing"});
  run.probe.lost_failover = 0;
  CHECK(judge(run).good());
  run.attempts.failed_failover = 2;
  CHECK(judge(run).reasons ==
        std::vector<std::string>{"2 new connections failed by a fault that must cost nothing"});
  run.attempts.failed_failover = 0;
  run.replay->lost_failover = 1;
  CHECK(judge(run).reasons ==
        std::vector<std::string>{"1 replayed frames were lost to a fault that must cost nothing"});
}

TEST_CASE("a fault that needs a successor is bad where none took over") {
  Measurements run = good_run();
  run.expected = Expectation{.gone = {NodeId::active}, .successor = true};
  CHECK(judge(run).good());
  run.takeover.clear();
  CHECK(judge(run).reasons == std::vector<std::string>{"no other node took over"});
}

TEST_CASE("where the service never stopped, no successor is missed") {
  Measurements run = good_run();
  run.expected = Expectation{.gone = {NodeId::active}, .successor = true};
  run.takeover.clear();
  run.probe.lost_failover = 0;
  CHECK(judge(run).good());
}

TEST_CASE(
    "after a fault that takes every node, service has to come back; sessions and time are not asked for") {
  Measurements run = good_run();
  run.expected = Expectation{.gone = {NodeId::active, NodeId::standby}};
  run.tcp.survived = 0;
  run.server_first.survived = 0;
  run.replay->lost_after = 5;
  run.programs["http"].broke = "the download did not complete";
  run.probe.outage_ms = 3000;
  run.probe.lost_steady = 5;
  CHECK(judge(run).good());
  run.probe.recovered = false;
  run.attempts.failed_after = 1;
  CHECK(judge(run).reasons.size() == 2);
}

TEST_CASE("a fault that drops frames by itself may lose probes at any time, but not for long") {
  Measurements run = good_run();
  run.expected = Expectation{.lossy = true};
  run.probe.lost_steady = 50;
  run.replay->lost_after = 5;
  run.probe.recovered = false;  // the very last one may be among them
  CHECK(judge(run).good());
  run.probe.outage_ms = 151;
  CHECK(judge(run).reasons.size() == 1);
}

TEST_CASE("two faults expect what either does, and no successor where no node is left") {
  const Expectation active{.gone = {NodeId::active}, .successor = true};
  const Expectation standby{.gone = {NodeId::standby}, .successor = false, .loses_service = false};
  const Expectation link{.successor = false, .loses_service = false};
  CHECK(both(link, active).successor);
  CHECK(both(link, active).loses_service);
  CHECK_FALSE(both(link, standby).loses_service);
  CHECK_FALSE(both(active, standby).successor);
  CHECK(both(active, standby).takes_all());
  CHECK(both(active, active).gone == std::vector{NodeId::active});
  CHECK(both(link, Expectation{.lossy = true}).lossy);
}

}  // namespace stillwater::rig
