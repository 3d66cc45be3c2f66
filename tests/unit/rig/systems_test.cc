// What the rig reads from the node's status, and the configurations that it derives.
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "tests/rig/systems/catalogue.h"
#include "tests/rig/systems/node_status.h"
#include "tests/rig/systems/stillwater_pair.h"

namespace stillwater::rig {

TEST_CASE("a status is read, with 64-bit numbers as numbers or as strings") {
  const std::string count = GENERATE(as<std::string>{}, "12345", "\"12345\"");
  const auto status = parse_node_status(
      R"({"role":"active","term":"7","can_fail_over":true,"last_takeover":"fence 1 ms",)"
      R"("checkpoint":{"checkpoints":)" +
      count + R"(,"interval_us":{"p50":1001.5,"p99":3},"blackout_us":{"p50":12,"p99":61.5},)" +
      R"("dirty_lines":{"p50":44,"p99":90},"unmarked_writes":"2","digests":{"mismatches":3}},)" +
      R"("new_key":[1]})");
  REQUIRE(status);
  CHECK(status->role == "active");
  CHECK(status->can_fail_over);
  CHECK(status->term == 7);
  CHECK(status->last_takeover == "fence 1 ms");
  CHECK(status->checkpoint.checkpoints == 12345);
  CHECK(status->digest_mismatches == 3);
  CHECK(status->unmarked_writes == 2);
  CHECK(status->checkpoint.interval_us_p50 == 1001.5);
  CHECK(status->checkpoint.blackout_us_p50 == 12);
  CHECK(status->checkpoint.blackout_us_p99 == 61.5);
  CHECK(status->checkpoint.dirty_lines_p50 == 44);
}

TEST_CASE("a standby without figures is a status, anything else is none") {
  const auto standby = parse_node_status(R"({"role":"standby"})");
  REQUIRE(standby);
  CHECK_FALSE(standby->can_fail_over);
  CHECK(standby->checkpoint.checkpoints == 0);
  for (const char* text :
       {"", "{}", "[]", "null", R"({"role":1})", R"({"role":"active")", "connection refused"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_node_status(text));
  }
}

TEST_CASE("a system is made by its name, from files that are there") {
  const CommandSystem eager{.name = "eager", .stillwater = StillwaterConfig{.folder = RIG_CONFIGS_DIR}};
  const SystemOptions options{.daemon = "/absent/stillwaterd",
                              .client = "/absent/stillwaterctl",
                              .witness = "/absent/stillwater-witness",
                              .configs = RIG_CONFIGS_DIR,
                              .templates = RIG_TEMPLATES_DIR,
                              .out = "/absent",
                              .small_disks = false,
                              .own = {eager}};
  const auto entries = list_systems(options);
  CHECK(entries.back().name == "eager");
  CHECK(entries.back().files.size() == 5);
  for (const SystemEntry& entry : entries) {
    CAPTURE(entry.name);
    const auto system = make_system(entry.name, options);
    REQUIRE(system);
    CHECK((*system)->name() == entry.name);
    for (const std::string& file : entry.files) {
      CAPTURE(file);
      CHECK((file.starts_with("/absent") || std::ifstream(file).good()));
    }
  }
  const auto unknown = make_system("keepalived", options);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("keepalived-10ms") != std::string::npos);
}

}  // namespace stillwater::rig
