// Profiles as callgrind writes them, by function.
#include "tests/bench/callgrind.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/mgmt/scratch.h"

namespace stillwater::bench {
namespace {

using mgmt::test::Scratch;

Result<InstructionProfile> profile_of(const std::string& text) {
  const Scratch scratch;
  std::ofstream(scratch / "profile") << text;
  return read_profile(scratch / "profile");
}

constexpr const char* kHead =
    "# callgrind format\nversion: 1\npid: 7\ncmd:  bench\npart: 1\npositions: line\nevents: Ir\n\n";

}  // namespace

TEST_CASE("a function has what it took itself, in all its places, and not what it called") {
  const auto profile = profile_of(std::string(kHead) +
                                  "ob=/usr/bin/bench\nfl=worker.cc\nfn=stillwater::Worker::run()\n10 3\n"
                                  "cfn=stillwater::look_up(int)\ncalls=2 20\n11 900\n12 4\nfi=list.h\n7 5\n"
                                  "\nfl=worker.cc\nfn=stillwater::look_up(int)\n20 900\n");
  REQUIRE(profile.has_value());
  CHECK(profile->instructions == 912);
  REQUIRE(profile->functions.size() == 2);
  CHECK(profile->functions[0].name == "look_up");
  CHECK(profile->functions[0].instructions == 900);
  CHECK(profile->functions[1].name == "Worker::run");
  CHECK(profile->functions[1].instructions == 12);
}

TEST_CASE("names are short: without our namespace, hidden ones and parameters") {
  const auto profile =
      profile_of(std::string(kHead) +
                 "ob=/usr/bin/bench\nfl=a.cc\n"
                 "fn=stillwater::dataplane::(anonymous namespace)::trim(rte_mbuf&, unsigned int)\n1 1\n");
  REQUIRE(profile.has_value());
  CHECK(profile->functions.at(0).name == "dataplane::trim");
}

TEST_CASE("functions without a symbol count together, under the name of their library") {
  const auto profile = profile_of(std::string(kHead) +
                                  "ob=/usr/lib/librte_fib.so.23.0\nfl=???\nfn=0x0000000000004a10\n0 60\n"
                                  "fn=0x0000000000004b20\n0 40\nob=/usr/bin/bench\nfl=a.cc\nfn=main\n1 1\n");
  REQUIRE(profile.has_value());
  REQUIRE(profile->functions.size() == 2);
  CHECK(profile->functions[0].name == "librte_fib.so.23.0 (no symbol)");
  CHECK(profile->functions[0].instructions == 100);
}

TEST_CASE("another format, a cost of nobody and a file that is not there are refused by name") {
  const auto other = profile_of("version: 1\n");
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().code == Errc::corrupt);
  const auto nobody = profile_of(std::string(kHead) + "10 3\n");
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().code == Errc::corrupt);
  CHECK_THAT(nobody.error().message, Catch::Contains("10 3"));
  const auto none = read_profile("/nowhere/profile");
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == Errc::io);
  CHECK_THAT(none.error().message, Catch::Contains("/nowhere/profile"));
}

}  // namespace stillwater::bench
