// Rules over the API and the command line.
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/mgmt/ctl.h"
#include "tests/unit/mgmt/scratch.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;
using nlohmann::json;

v1::GetRulesResponse two_rules() {
  v1::GetRulesResponse rules;
  rules.set_generation(4);
  rules.set_document("rules: []\n");
  v1::RuleStatus& allow = *rules.add_rules();
  allow.set_id(10);
  allow.set_action("allow");
  allow.set_matches(1'234'567);
  allow.set_limited(89);
  v1::RuleStatus& reject = *rules.add_rules();
  reject.set_id(4'000'000'000);
  reject.set_action("reject");
  return rules;
}

}  // namespace

TEST_CASE("stillwaterctl rules show prints a line a rule, with what it has decided") {
  Node node;
  node.control.with([](FakeState& s) { s.rules = two_rules(); });
  CHECK(ctl(node, {"rules", "show"}).out ==
        "generation 4, loaded\n"
        "        RULE  ACTION    MATCHES  LIMITED\n"
        "          10  allow   1,234,567       89\n"
        "  4000000000  reject          0        0\n");
  const json all = json::parse(ctl(node, {"rules", "show", "--json"}).out);
  CHECK(all["generation"] == 4);
  CHECK(all["document"] == "rules: []\n");
  CHECK(all["rules"][0]["limited"] == 89);
  CHECK(all["rules"][1]["action"] == "reject");
}

TEST_CASE("stillwaterctl rules show says where rules come from, and what none means") {
  Node node;
  node.control.with([](FakeState& s) { s.rules.set_generation(1); });
  CHECK(ctl(node, {"rules", "show"}).out ==
        "generation 1, of the configuration file\nno rules: everything is denied\n");
}

TEST_CASE("stillwaterctl rules load hands the file over as it is") {
  Node node;
  const Scratch scratch;
  const std::string path = scratch / "rules.yaml";
  const std::string text = "rules:\n  - {id: 10, action: allow}  # \xc3\xa9\n";
  std::ofstream(path) << text;
  CHECK(ctl(node, {"rules", "load", path}).out == "3 rules are in force, in generation 2\n");
  CHECK(node.control.with([](FakeState& s) { return s.loaded; }) == text);
  CHECK(json::parse(ctl(node, {"rules", "load", path, "--json"}).out) ==
        json{{"generation", 3}, {"rules", 3}});
}

TEST_CASE("stillwaterctl rules load says what the node, or the file, has against it") {
  Node node;
  const Scratch scratch;
  const std::string path = scratch / "rules.yaml";
  std::ofstream(path) << "rules: nonsense\n";
  node.control.with([](FakeState& s) {
    s.error = Error{Errc::invalid_argument, "rules:1:8: rules is a single value; expected a list"};
  });
  const Finished refused = ctl(node, {"rules", "load", path});
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, Contains("rules:1:8: rules is a single value; expected a list"));
  CHECK(ctl(node, {"rules", "load", scratch / "nowhere"}).exit == 2);
  CHECK(ctl(node, {"rules"}).exit == 2);
}

TEST_CASE("documents of rules that are empty or too large are refused before the node is asked") {
  Node node;
  for (const std::size_t bytes : {std::size_t{0}, (std::size_t{3} << 20) + 1}) {
    Call call;
    v1::LoadRulesRequest request;
    request.set_document(std::string(bytes, ' '));
    v1::LoadRulesResponse response;
    const grpc::Status status = node.stub->LoadRules(&call, request, &response);
    CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
    CHECK_THAT(status.error_message(), Contains("expected 1 to 3145728"));
  }
  CHECK(node.control.with([](FakeState& s) { return s.loaded; }).empty());
}

}  // namespace stillwater::mgmt::test
