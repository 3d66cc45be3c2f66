// Sessions and bindings as the management plane is told of them.
#include "tests/unit/node/live_node.h"

namespace stillwater::appliance::test {
namespace {

using dataplane::eventually;
using standby::Role;

std::vector<mgmt::SessionInfo> sessions_of(LiveNode& node, const mgmt::SessionFilter& filter,
                                           std::uint64_t limit) {
  std::vector<mgmt::SessionInfo> all;
  const Status listed = node.control().sessions(filter, limit, [&](const auto& page) {
    all.insert(all.end(), page.begin(), page.end());
    return true;
  });
  if (!listed) FAIL(listed.error().message);
  return all;
}

}  // namespace

TEST_CASE("a node that leads lists what is named, up to a limit; one that follows lists nothing") {
  LiveNode a(Who::fw_a);
  a.start();
  REQUIRE(eventually([&] { return a.role() == Role::standalone; }));
  LiveNode b(Who::fw_b);
  b.start_as_follower();
  REQUIRE(eventually([&] { return a.role() == Role::active && b.role() == Role::standby; }));
  a.greet();
  for (std::uint16_t port = 4000; port < 4010; ++port) {
    a.query(port);
    REQUIRE(a.forwarded() == port);
  }
  CHECK(sessions_of(a, {}, 100).size() == 10);
  CHECK(sessions_of(a, {}, 3).size() == 3);
  const auto one = sessions_of(a, {.port = 4007}, 100);
  REQUIRE(one.size() == 1);
  CHECK(one[0].source == "10.80.1.2:4007");
  CHECK(one[0].destination == "10.80.2.2:53");
  CHECK(one[0].protocol == "udp");
  CHECK(one[0].rule == 10);
  CHECK(eventually(
      [&] { return one[0].changed_epoch <= a.view().committed_epoch; }));  // a view is of a moment ago
  const auto goes_on = [] { return true; };
  CHECK(a.control().count_sessions({.protocol = "udp"}, goes_on).value_or(0) == 10);
  CHECK(a.control().count_bindings({.inside = "10.80.1.2"}, goes_on).value_or(0) == 10);
  CHECK(a.control().count_sessions({.protocol = "pigeon"}, goes_on).error().code == Errc::invalid_argument);

  unsigned pages = 0;
  CHECK(a.control().sessions({}, 100, [&](const auto&) { return ++pages, false; }));
  CHECK(pages == 1);
  std::vector<mgmt::BindingInfo> bindings;
  CHECK(a.control().bindings({}, 100, [&](const auto& page) {
    bindings.insert(bindings.end(), page.begin(), page.end());
    return true;
  }));
  REQUIRE(bindings.size() == 10);
  CHECK(bindings[0].entry == 1);
  CHECK(bindings[0].sessions == 1);

  const Status refused = b.control().sessions({}, 100, [](const auto&) { return true; });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::failed_precondition);
  CHECK(b.control().count_bindings({}, goes_on).error().code == Errc::failed_precondition);
}

}  // namespace stillwater::appliance::test
