// What is made of findings: text, JSON, and the program's exit status.
#include "appliance/doctor/doctor.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/doctor/fake_host.h"
#include "tests/unit/mgmt/process.h"

namespace stillwater::appliance::doctor::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using mgmt::test::run;

const Findings kThree = {ok("swap", "none"), advice("governor", "powersave", "slow", "set it"),
                         fault("hugepages", "none", "no start", "have some")};

TEST_CASE("text says what is wrong first, with its price and what to do") {
  CHECK(as_text(kThree) ==
        "fault   hugepages  none\n"
        "        costs: no start\n"
        "        do:    have some\n"
        "advice  governor   powersave\n"
        "        costs: slow\n"
        "        do:    set it\n"
        "ok      swap       none\n"
        "\n"
        "faults: 1, to improve: 1, in order: 1\n");
}

TEST_CASE("JSON has the same, in the order of the checks") {
  const auto json = nlohmann::json::parse(as_json(kThree));
  CHECK(json["faults"] == 1);
  CHECK(json["advice"] == 1);
  CHECK(json["findings"][0] == nlohmann::json{{"check", "swap"}, {"verdict", "ok"}, {"seen", "none"}});
  CHECK(json["findings"][2]["remedy"] == "have some");
}

TEST_CASE("only a fault is one") {
  CHECK(has_fault(kThree));
  CHECK_FALSE(has_fault({kThree[0], kThree[1]}));
}

TEST_CASE("without a configuration only the host is examined") {
  const Examined e;
  const Host host = e.files.host();
  const Findings without = examine({host, e.system, nullptr});
  const Findings with = examine({host, e.system, &e.config});
  CHECK(without.size() > 15);
  CHECK(with.size() > without.size());
  CHECK_FALSE(has_fault(without));
}

TEST_CASE("the program examines the host that it runs on, and exits by what it found") {
  const auto finished = run({STILLWATERCTL, "doctor", "--json"});
  const auto json = nlohmann::json::parse(finished.out);
  CHECK(finished.exit == (json["faults"] == 0 ? 0 : 1));
  CHECK(finished.err.empty());
  CHECK(json["findings"].size() > 15);
}

TEST_CASE("the program names each mistake of a configuration, and exits as for wrong usage") {
  const mgmt::test::Scratch scratch;
  const std::string path = scratch / "fw.yaml";
  std::ofstream(path) << "node: {name: fw}\nports: 7\n";
  const auto finished = run({STILLWATERCTL, "doctor", "--config", path});
  CHECK(finished.exit == 2);
  CHECK(finished.out.empty());
  CHECK_THAT(finished.err, Contains(path + ":2:"));
}

TEST_CASE("the program examines what an example wants") {
  const auto finished = run({STILLWATERCTL, "doctor", "--config", STILLWATER_CONFIGS_DIR "/firewall-a.yaml"});
  CHECK(finished.exit == 1);  // its interfaces are not here
  CHECK_THAT(finished.out, StartsWith("fault") && Contains("no interface is called in0"));
}

}  // namespace
}  // namespace stillwater::appliance::doctor::test
