// What a benchmark's report says of its measurements.
#include "tests/bench/report.h"

#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/mgmt/scratch.h"

namespace stillwater::bench {
namespace {

nlohmann::json written(const Report& report) {
  const mgmt::test::Scratch scratch;
  REQUIRE(report.write(scratch / "report.json").has_value());
  return nlohmann::json::parse(std::ifstream(scratch / "report.json"));
}

}  // namespace

TEST_CASE(
    "of a peer that was measured beside each sample: its median is the bound, and ratios are pairwise") {
  Report report("r");
  report.add({.id = "a",
              .unit = "Mpps",
              .samples = {10, 20, 60},
              .target = 0.5,
              .higher_is_better = true,
              .peer = {20, 50, 40}});
  const nlohmann::json row = written(report)["results"][0];
  CHECK(row["bound"] == 40);
  CHECK(row["bound_min"] == 20);
  CHECK(row["bound_max"] == 50);
  CHECK(row["ratio"] == 0.5);
  CHECK(row["ratio_min"] == 0.4);
  CHECK(row["ratio_max"] == 1.5);
  CHECK(row["met"] == true);
}

TEST_CASE("a bound alone has no range, and what has neither has no ratio") {
  Report report("r");
  report.add({.id = "a", .unit = "us", .samples = {30}, .bound = 60});
  report.add({.id = "b", .unit = "us", .samples = {30}});
  const nlohmann::json rows = written(report)["results"];
  CHECK(rows[0]["ratio"] == 0.5);
  CHECK_FALSE(rows[0].contains("bound_min"));
  CHECK_FALSE(rows[0].contains("ratio_min"));
  CHECK_FALSE(rows[1].contains("ratio"));
}

TEST_CASE("a profile is told by the id of its measurement, in the order of its lines") {
  Report report("r");
  report.add_profile("a", {{"look_up", 75.5, 60}, {"send", 20, 15}});
  const nlohmann::json lines = written(report)["profiles"]["a"];
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["function"] == "look_up");
  CHECK(lines[0]["instructions"] == 75.5);
  CHECK(lines[1]["percent"] == 15);
}

}  // namespace stillwater::bench
