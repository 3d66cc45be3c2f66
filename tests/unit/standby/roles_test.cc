// Who leads: two nodes that judge the same two hellos must not disagree.
#include "standby/roles.h"

#include "tests/unit/standby/shipment.h"

namespace stillwater::tests {
namespace {

using standby::meet;
using standby::Verdict;
using wire::Hello;
using wire::NodeState;

Hello hello(const char* name, NodeState state, std::uint64_t term, std::uint64_t epoch) {
  Hello h{};
  h.node = wire::padded<64>(name);
  h.state = state;
  h.term = term;
  h.committed_epoch = epoch;
  if (state != NodeState::starting) h.region_id = kOurRegion;
  h.region_format = 1;
  return h;
}

Hello any_hello(Random& random, const char* name) {
  const auto state = static_cast<NodeState>(1 + below(random, 4));
  Hello h = hello(name, state, below(random, 3), below(random, 3));
  // A node that lost its source in a sync, or that stopped serving, may still name a region.
  if (state == NodeState::starting && one_in(random, 3)) h.region_id = kOurRegion;
  if (state != NodeState::leading && one_in(random, 3)) h.region_id = {};
  h.prefers_to_lead = static_cast<std::uint32_t>(below(random, 2));
  if (one_in(random, 10)) h.layout_digest = 1;
  if (one_in(random, 10)) h.service_digest = 1;
  if (one_in(random, 10)) h.region_bytes = 1;
  if (one_in(random, 10)) h.region_format = 2;
  return h;
}

bool leads(Verdict v) { return v == Verdict::lead || v == Verdict::take_over; }

bool holds_epoch(const Hello& h) {
  return h.region_id != region::RegionId{} &&
         (h.state == NodeState::standby || h.state == NodeState::leading);
}

}  // namespace

TEST_CASE("of any two nodes that meet exactly one leads, or both refuse; an empty one leads no state") {
  for_seeds(20'000, [](Random& random) {
    const Hello a = any_hello(random, "fw-a");
    const Hello b = any_hello(random, one_in(random, 20) ? "fw-a" : "fw-b");
    CAPTURE(static_cast<int>(a.state), a.term, a.committed_epoch, static_cast<int>(b.state), b.term,
            b.committed_epoch);
    const auto of_a = meet(a, b), of_b = meet(b, a);
    if (of_a.verdict == Verdict::refuse || of_b.verdict == Verdict::refuse) {
      REQUIRE(of_a.verdict == of_b.verdict);
      REQUIRE_FALSE(of_a.reason.empty());
      REQUIRE_FALSE(of_b.reason.empty());
      return;
    }
    REQUIRE(leads(of_a.verdict) != leads(of_b.verdict));
    const Hello& leader = leads(of_a.verdict) ? a : b;
    const Hello& follower = leads(of_a.verdict) ? b : a;
    if (holds_epoch(follower)) REQUIRE(holds_epoch(leader));
    if (holds_epoch(follower) && holds_epoch(leader)) REQUIRE(leader.term >= follower.term);
  });
}

TEST_CASE("a leader fills whoever comes, a standby follows") {
  const Hello a = hello("fw-a", NodeState::leading, 3, 9);
  for (const NodeState state : {NodeState::starting, NodeState::syncing, NodeState::standby}) {
    CHECK(meet(a, hello("fw-b", state, 3, 9)).verdict == Verdict::lead);
    CHECK(meet(hello("fw-b", state, 3, 9), a).verdict == Verdict::follow);
  }
}

TEST_CASE("a standby whose active comes back empty takes over with what it holds") {
  const Hello reborn = hello("fw-a", NodeState::starting, 0, 0);
  const Hello holder = hello("fw-b", NodeState::standby, 3, 9);
  CHECK(meet(holder, reborn).verdict == Verdict::take_over);
  CHECK(meet(reborn, holder).verdict == Verdict::follow);
}

TEST_CASE("P8: a copy that is not complete counts as empty") {
  const Hello partial = hello("fw-a", NodeState::syncing, 9, 99);
  const Hello holder = hello("fw-b", NodeState::standby, 3, 9);
  CHECK(meet(holder, partial).verdict == Verdict::take_over);
}

TEST_CASE("of two that lead the newer term stays, then the newer epoch; the other steps down and says why") {
  const Hello old_term = hello("fw-b", NodeState::leading, 3, 99);
  const Hello new_term = hello("fw-a", NodeState::leading, 4, 9);
  CHECK(meet(new_term, old_term).verdict == Verdict::lead);
  const auto stepping = meet(old_term, new_term);
  CHECK(stepping.verdict == Verdict::step_down);
  CHECK(stepping.reason == "the peer leads in term 4, this node in term 3");
  const Hello further = hello("fw-a", NodeState::leading, 3, 100);
  CHECK(meet(further, old_term).verdict == Verdict::lead);
}

TEST_CASE("a leader of an older term gives way to the holder of a newer one") {
  const Hello leader = hello("fw-a", NodeState::leading, 3, 99);
  const Hello holder = hello("fw-b", NodeState::standby, 4, 9);
  CHECK(meet(leader, holder).verdict == Verdict::step_down);
  CHECK(meet(holder, leader).verdict == Verdict::take_over);
}

TEST_CASE("two empty nodes follow the wish, then the name") {
  Hello a = hello("fw-a", NodeState::starting, 0, 0), b = hello("fw-b", NodeState::starting, 0, 0);
  CHECK(meet(a, b).verdict == Verdict::lead);
  CHECK(meet(b, a).verdict == Verdict::follow);
  b.prefers_to_lead = 1;
  CHECK(meet(a, b).verdict == Verdict::follow);
  CHECK(meet(b, a).verdict == Verdict::lead);
}

TEST_CASE("nodes that cannot be a pair say what differs") {
  const Hello a = hello("fw-a", NodeState::leading, 3, 9);
  Hello b = hello("fw-a", NodeState::starting, 0, 0);
  CHECK(meet(a, b).reason.find("calls itself fw-a") != std::string::npos);
  b = hello("fw-b", NodeState::starting, 0, 0);
  b.service_digest = 1;
  CHECK(meet(a, b).reason.find("service configuration") != std::string::npos);
  b.layout_digest = 1;
  CHECK(meet(a, b).reason.find("region layout") != std::string::npos);
  b.region_format = 2;
  CHECK(meet(a, b).reason.find("region format 2") != std::string::npos);
}

}  // namespace stillwater::tests
