// Who is a partner, and what a record says on either side.
#include "standby/roles/local_arbiter.h"
#include "standby/roles/roles.h"
#include "tests/unit/region/world.h"
#include "tests/unit/standby/records.h"

namespace stillwater::tests {

TEST_CASE("a record goes over the wire and back; what no arbiter would hold is none") {
  const ArbiterRecord sent = record(8, "fw-a", {"fw-a", "fw-b"});
  CHECK(standby::record_of(standby::wire_of(sent)) == sent);
  CHECK(standby::record_of(wire::Record{}) == ArbiterRecord{});
  wire::Record outside = standby::wire_of(record(8, "fw-c", {"fw-a", "fw-b"}));
  CHECK_FALSE(standby::record_of(outside));
  wire::Record twice = standby::wire_of(sent);
  twice.in_sync[1] = twice.in_sync[0];
  CHECK_FALSE(standby::record_of(twice));
  wire::Record endless = standby::wire_of(sent);
  endless.active.fill('x');
  CHECK_FALSE(standby::record_of(endless));
  wire::Record nobody = standby::wire_of(sent);
  nobody.active = {};
  CHECK_FALSE(standby::record_of(nobody));
  wire::Record last = standby::wire_of(sent);
  last.term = wire::kTermEnd - 1;
  CHECK(standby::record_of(last));
  for (const std::uint64_t beyond : {wire::kTermEnd, ~std::uint64_t{0}}) {
    last.term = beyond;
    CHECK_FALSE(standby::record_of(last));
  }
}

TEST_CASE("without an arbiter two records that meet become one, the same on both sides") {
  for_seeds(2'000, [](Random& random) {
    const auto any = [&] {
      const char* active = one_in(random, 2) ? "a" : "b";
      return one_in(random, 2) ? record(1 + below(random, 3), active, {active})
                               : record(1 + below(random, 3), active, {"a", "b"});
    };
    standby::LocalArbiter a, b;
    const ArbiterRecord of_a = any(), of_b = any();
    a.merge(of_a);
    b.merge(of_b);
    a.merge(of_b);
    b.merge(of_a);
    REQUIRE(a.record() == b.record());
    REQUIRE(a.record().term == std::max(of_a.term, of_b.term));
  });
}

TEST_CASE("a node of another layout, configuration, version or arbiter is no partner, and both say why") {
  const wire::Hello mine = hello_of("a", wire::NodeState::starting);
  wire::Hello theirs = hello_of("b", wire::NodeState::starting);
  CHECK(standby::mismatch(mine, theirs).empty());
  const auto refused_for = [&](auto change, const char* word) {
    wire::Hello other = theirs;
    change(other);
    CHECK(standby::mismatch(mine, other).find(word) != std::string::npos);
    CHECK_FALSE(standby::mismatch(other, mine).empty());
  };
  refused_for([](wire::Hello& h) { h.node = wire::padded<64>("a"); }, "calls itself a");
  refused_for([](wire::Hello& h) { h.region_format = 9; }, "region format 9");
  refused_for([](wire::Hello& h) { h.layout_digest = 0xabc; }, "0000000000000abc");
  refused_for([](wire::Hello& h) { h.region_bytes = 64u << 20; }, "64 MiB");
  refused_for([](wire::Hello& h) { h.service_digest = 9; }, "service configuration");
  refused_for([](wire::Hello& h) { h.arbitrated = 1; }, "arbiter");
}

TEST_CASE("a name that no record can hold, or that reads like this node's own, is no partner's") {
  const wire::Hello mine = hello_of("a", wire::NodeState::starting);
  wire::Hello theirs = hello_of("b", wire::NodeState::starting);
  theirs.node = {};
  CHECK(standby::mismatch(mine, theirs).find("node.name") != std::string::npos);
  theirs.node.fill('b');
  CHECK(standby::mismatch(mine, theirs).find("node.name") != std::string::npos);
  theirs.node = wire::padded<64>("a");
  theirs.node[5] = 'x';
  CHECK(standby::mismatch(mine, theirs).find("calls itself a") != std::string::npos);
}

}  // namespace stillwater::tests
