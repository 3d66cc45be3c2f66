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
  run.probe.sent = 40000;
  run.probe.lost_failover = 100;
  run.probe.outage_ms = 55;
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

}  // namespace stillwater::rig
