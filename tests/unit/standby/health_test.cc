// How unfit a node is to lead, by what is wrong with it.
#include "standby/roles/health.h"

#include <catch2/catch.hpp>

namespace stillwater::standby {
namespace {

constexpr Instant kBegin = 100s;
constexpr Nanos kRecovery = 5s;

}  // namespace

TEST_CASE("what is ill counts with its weight, and what was never ill is not spoken of") {
  Health health(kRecovery);
  health.report("port a has no link", 100, true, kBegin);
  CHECK(health.penalty(kBegin) == 0);
  CHECK(health.text(kBegin).empty());
  health.report("port a has no link", 100, false, kBegin);
  health.report("10.0.0.1 does not answer", 30, false, kBegin);
  health.report("port b has no link", 0, false, kBegin);
  CHECK(health.penalty(kBegin) == 130);
  CHECK(health.ill() == 130);
  CHECK(health.text(kBegin) == "10.0.0.1 does not answer (30), port a has no link (100)");
}

TEST_CASE("what comes and goes counts as ill until it has been well for the whole recovery") {
  Health health(kRecovery);
  health.report("link", 100, false, kBegin);
  health.report("link", 100, true, kBegin + 1s);
  CHECK(health.text(kBegin + 1s) == "link (100, well again)");
  CHECK(health.ill() == 0);
  CHECK(health.penalty(kBegin + 1s) == 100);
  health.report("link", 100, false, kBegin + 4s);
  health.report("link", 100, true, kBegin + 6s);
  CHECK(health.penalty(kBegin + 4s + kRecovery - 1ns) == 100);
  CHECK(health.penalty(kBegin + 4s + kRecovery) == 0);
}

TEST_CASE(
    "an ailment that goes on for longer than the recovery counts on, and the recovery begins at its end") {
  Health health(kRecovery);
  for (Nanos passed{}; passed <= 20s; passed += 1s) health.report("link", 7, false, kBegin + passed);
  CHECK(health.penalty(kBegin + 20s) == 7);
  health.report("link", 7, true, kBegin + 21s);
  CHECK(health.penalty(kBegin + 24s) == 7);
  CHECK(health.penalty(kBegin + 25s) == 0);
}

TEST_CASE("a sum that a heartbeat has no room for stays at the most that it has") {
  Health health(kRecovery);
  for (int i = 0; i < 100; ++i) health.report("link " + std::to_string(i), 1000, false, kBegin);
  CHECK(health.penalty(kBegin) == 65535);
}

}  // namespace stillwater::standby
