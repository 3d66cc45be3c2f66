// When faults strike follows from the text and the seed alone.
#include "tests/rig/faults/schedule.h"

#include <set>

#include <catch2/catch.hpp>

#include "tests/rig/systems/template.h"

namespace stillwater::rig {

TEST_CASE("a fault without a time strikes at once; several strike in the order of their times") {
  const auto one = schedule_faults("kill", 1);
  REQUIRE(one);
  REQUIRE(one->size() == 1);
  CHECK((*one)[0].fault == "kill");
  CHECK((*one)[0].after == 0ns);

  const auto two = schedule_faults(" kill@20ms + cut-replication:1s @ 1.5ms ", 1);
  REQUIRE(two);
  REQUIRE(two->size() == 2);
  CHECK((*two)[0].fault == "cut-replication:1s");
  CHECK((*two)[0].after == 1500us);
  CHECK((*two)[1].fault == "kill");
  CHECK((*two)[1].after == 20ms);
}

TEST_CASE("a duration has a unit, from microseconds to minutes") {
  CHECK(parse_duration("500us") == 500us);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("10m") == 600s);
  CHECK_FALSE(parse_duration("1441m"));
}

TEST_CASE("a range is chosen from by the seed: the same seed the same time, other seeds other times") {
  std::set<Nanos> times;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto schedule = schedule_faults("kill@10ms..30ms", seed);
    REQUIRE(schedule);
    const Nanos after = (*schedule)[0].after;
    CHECK(after >= 10ms);
    CHECK(after <= 30ms);
    CHECK((*schedule_faults("kill@10ms..30ms", seed))[0].after == after);
    times.insert(after);
  }
  CHECK(times.size() > 40);
}

TEST_CASE("the phase of a repetition is its own and stays within the period") {
  std::set<Nanos> phases;
  for (std::uint32_t repetition = 0; repetition < 50; ++repetition) {
    const Nanos phase = fault_phase(7, repetition, 10ms);
    CHECK(phase >= 0ns);
    CHECK(phase < 10ms);
    CHECK(fault_phase(7, repetition, 10ms) == phase);
    phases.insert(phase);
  }
  CHECK(phases.size() > 40);
}

TEST_CASE("a schedule that says nothing sensible is refused") {
  for (const char* text : {"", "kill+", "+kill", "kill@", "kill@soon", "kill@5", "kill@3ms..1ms", "kill@-1ms",
                           "kill@1ms..", "kill@nanms", "kill@1h"}) {
    CAPTURE(text);
    const auto schedule = schedule_faults(text, 1);
    REQUIRE_FALSE(schedule);
    CHECK(schedule.error().code == Errc::invalid_argument);
  }
}

TEST_CASE("a template is filled in completely or not at all") {
  CHECK(fill_template("a @B@ c@D1@\n@B@", {{"B", "x@y.z"}, {"D1", ""}}) == "a x@y.z c\nx@y.z");
  CHECK(fill_template("mail@example @lower@", {}) == "mail@example @lower@");
  CHECK_FALSE(fill_template("@B@", {}));
  CHECK_FALSE(fill_template("@B@", {{"B", ""}, {"C", ""}}));
}

TEST_CASE("what a comma parted of one fault's arguments is put together again") {
  CHECK(joined_arguments({"kill", "slow-inside:delay=5ms", "loss=1%", "for=2s + kill@20ms", "freeze:1s"}) ==
        std::vector<std::string>{"kill", "slow-inside:delay=5ms,loss=1%,for=2s + kill@20ms", "freeze:1s"});
  CHECK(joined_arguments({"loss=1%"}) == std::vector<std::string>{"loss=1%"});
}

}  // namespace stillwater::rig
