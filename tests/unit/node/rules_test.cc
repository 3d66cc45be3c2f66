// Rules that are loaded on the node that leads are on the one that follows, before they are answered.
#include <optional>

#include "tests/unit/node/live_node.h"

namespace stillwater::appliance::test {
namespace {

using dataplane::eventually;
using standby::Role;

stillwater::v1::LoadRulesRequest request_of(const std::string& document) {
  stillwater::v1::LoadRulesRequest request;
  request.set_document(document);
  return request;
}

stillwater::v1::GetRulesResponse rules_of(LiveNode& node) {
  auto rules = node.control().rules();
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

const std::string kTwo =
    "zones: {trust: [inside]}\n"
    "rules:\n"
    "  - {id: 7, action: reject, from: trust, protocol: tcp}\n"
    "  - {id: 8, action: allow, from: trust}\n";

}  // namespace

TEST_CASE("loaded rules are on both nodes, and on one that joins later") {
  LiveNode a(Who::fw_a);
  a.start();
  REQUIRE(eventually([&] { return a.role() == Role::standalone; }));
  CHECK(rules_of(a).generation() == 1);
  CHECK(rules_of(a).document().empty());
  REQUIRE(rules_of(a).rules_size() == 1);
  std::optional<LiveNode> b(std::in_place, Who::fw_b);
  b->start_as_follower();
  REQUIRE(eventually([&] { return a.role() == Role::active && b->role() == Role::standby; }));

  const auto loaded = a.control().load_rules(request_of(kTwo));
  if (!loaded) FAIL(loaded.error().message);
  CHECK(loaded->rules() == 2);
  for (LiveNode* node : {&a, &*b}) {
    const auto rules = rules_of(*node);
    CHECK(rules.generation() == 2);
    CHECK(rules.document() == kTwo);
    REQUIRE(rules.rules_size() == 2);
    CHECK(rules.rules(0).action() == "reject");
    CHECK(rules.rules(1).id() == 8);
  }
  a.greet();
  a.query(4000);
  CHECK(a.forwarded() == 4000);
  CHECK(rules_of(a).rules(1).matches() == 1);

  b->stop();
  b.emplace(Who::fw_b);
  b->start_as_follower();
  REQUIRE(eventually([&] { return a.role() == Role::active && b->role() == Role::standby; }));
  CHECK(rules_of(*b).document() == kTwo);
  CHECK(rules_of(*b).generation() == 2);
}

TEST_CASE("rules with mistakes change nothing, and a node that does not lead takes none") {
  LiveNode a(Who::fw_a);
  a.start();
  REQUIRE(eventually([&] { return a.role() == Role::standalone; }));
  const auto wrong = a.control().load_rules(request_of("rules:\n  - {id: 7, action: allow, from: dmz}\n"));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::invalid_argument);
  CHECK_THAT(wrong.error().message, Catch::Contains("rules:2:34: from: 'dmz' is no port"));
  const auto too_much = a.control().load_rules(request_of("rules: []\nroutes: []\n"));
  REQUIRE_FALSE(too_much);
  CHECK_THAT(too_much.error().message, Catch::Contains("unknown key 'routes'"));
  CHECK(rules_of(a).generation() == 1);
  LiveNode b(Who::fw_b);
  b.start_as_follower();
  REQUIRE(eventually([&] { return b.role() == Role::standby; }));
  const auto refused = b.control().load_rules(request_of(kTwo));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::failed_precondition);
}

}  // namespace stillwater::appliance::test
