// The rules of the roles, one by one; the simulator has them all together.
#include "standby/roles/role_machine.h"

#include "tests/unit/region/world.h"
#include "tests/unit/standby/records.h"

namespace stillwater::tests {
namespace {

using standby::Decision;
using standby::Lease;
using standby::Phase;
using standby::RoleMachine;
using standby::RoleOptions;
using Kind = Decision::Kind;
using Answer = ArbiterAnswer::Kind;

// One machine, its clock and its arbiter in the test's hands.
struct Node {
  explicit Node(bool prefers_to_lead = true, bool arbitrated = true, bool silence_promotes = true)
      : machine(RoleOptions{.node = "a",
                            .prefers_to_lead = prefers_to_lead,
                            .arbitrated = arbitrated,
                            .silence_promotes = silence_promotes,
                            .new_region_id = [] { return region::RegionId{9}; }},
                lease, now) {}

  // The next decision that is not a read; reads are answered with `known`.
  Decision decide() {
    for (int i = 0; i < 8; ++i) {
      const Decision d = machine.decide(now);
      if (d.kind != Kind::read_record) return d;
      machine.answered({.kind = Answer::record, .newest = known}, now);
    }
    return {};
  }
  // Takes the swap that is expected to come, as the arbiter would.
  void swap() {
    const Decision d = decide();
    REQUIRE(d.kind == Kind::swap_record);
    REQUIRE(d.expected == known);
    REQUIRE(d.next.term == known.term + 1);
    known = d.next;
    machine.answered({.kind = Answer::swapped, .newest = known}, now);
  }
  // Advances in ticks of the detector, with what happens at each.
  template <class EachTick>
  void pass(Nanos time, EachTick each) {
    for (const Instant end = now + time; now < end;) {
      now += 2ms;
      each();
      if (machine.decide(now).kind == Kind::read_record)
        machine.answered({.kind = Answer::record, .newest = known}, now);
    }
  }
  void lead_alone() {
    swap();
    REQUIRE(decide().kind == Kind::begin_empty);
  }
  void lead_with_standby() {
    lead_alone();
    machine.met(hello_of("b", wire::NodeState::starting), now);
    REQUIRE(decide().kind == Kind::nothing);  // it may hold something, and has not said so yet
    machine.holdings_told();
    REQUIRE(decide().kind == Kind::fill_peer);
    machine.peer_filled(now);
    REQUIRE(machine.phase() == Phase::joining);
    swap();
    REQUIRE(decide().kind == Kind::obey);
    REQUIRE(machine.phase() == Phase::active);
  }
  void follow() {
    known = record(5, "b", {"b"});
    machine.met(hello_of("b", wire::NodeState::leading), now);
    REQUIRE(decide().kind == Kind::nothing);
    REQUIRE(machine.filling_begins(5));
    machine.filled(now);
    known = record(6, "b", {"a", "b"});
    machine.told(known, now);
    REQUIRE(decide().kind == Kind::admitted);
    REQUIRE(machine.phase() == Phase::standby);
  }
  [[nodiscard]] wire::Heartbeat beat(wire::NodeState state, std::uint64_t term) const {
    wire::Heartbeat beat{};
    beat.state = state;
    beat.term = term;
    beat.echo_stamp_ns = now.count();
    return beat;
  }

  Instant now = 100s;
  ArbiterRecord known;
  TransmitPermit permit;
  Lease lease{permit, 20ms, 2ms};
  RoleMachine machine;
};

}  // namespace

TEST_CASE("the first node of a pair that never ran begins, once the arbiter said yes") {
  Node node;
  const Decision asked = node.decide();
  REQUIRE(asked.kind == Kind::swap_record);
  CHECK(node.machine.phase() == Phase::starting);
  CHECK_FALSE(node.machine.says_empty());
  CHECK_FALSE(node.permit.holds(node.now));
  node.machine.answered({.kind = Answer::swapped, .newest = asked.next}, node.now);
  CHECK(node.decide().kind == Kind::begin_empty);
  CHECK(node.machine.phase() == Phase::standalone);
  CHECK(node.permit.holds(node.now + 3600s));
}

TEST_CASE(
    "a node that starts does not begin over a record that somebody holds, until that one says it is empty "
    "too") {
  Node node;
  node.known = record(7, "b", {"a", "b"});
  node.pass(5s, [] {});
  CHECK(node.machine.phase() == Phase::starting);
  wire::Heartbeat empty = node.beat(wire::NodeState::starting, 0);
  empty.flags = wire::kHoldsNothing;
  empty.echo_stamp_ns = 1;  // said before this node knew the record
  node.machine.beat(empty, node.now);
  CHECK(node.decide().kind == Kind::nothing);
  empty.echo_stamp_ns = node.now.count();
  node.machine.beat(empty, node.now);
  CHECK(node.decide().kind == Kind::nothing);  // a connection of before may still fill it
  node.machine.met(hello_of("b", wire::NodeState::starting), node.now);
  CHECK(node.decide().kind == Kind::nothing);
  node.machine.beat(empty, node.now);
  const Decision asked = node.decide();
  REQUIRE(asked.kind == Kind::swap_record);
  CHECK(asked.next.region_id == region::RegionId{9});
}

TEST_CASE(
    "a node that lost its memory begins by itself beside no copy of the state, in the set or out of it") {
  for (const ArbiterRecord& known :
       {record(7, "a", {"a"}), record(7, "b", {"b"}), record(7, "a", {"a", "b"})}) {
    Node node;
    node.known = known;
    node.machine.met(hello_of("b", wire::NodeState::fenced), node.now);
    node.pass(20s, [] {});
    CHECK(node.decide().kind == Kind::nothing);
    CHECK(node.machine.phase() == Phase::starting);
    const bool by_order = node.machine.why().find("cold_start: allow") != std::string::npos;
    CHECK(by_order == (known.in_sync == std::set<std::string>{"a"}));
  }
}

TEST_CASE("a request without an answer may still happen: meanwhile the node does not say that it is empty") {
  Node node;
  REQUIRE(node.decide().kind == Kind::swap_record);
  node.machine.answered({.kind = Answer::unanswered, .why = "no answer"}, node.now);
  CHECK_FALSE(node.machine.says_empty());
  CHECK_FALSE(node.machine.filling_begins(3));
  node.now += 1s;
  node.known = record(1, "b", {"b"});  // another's request came first
  CHECK(node.decide().kind == Kind::nothing);
  CHECK(node.machine.says_empty());
}

TEST_CASE(
    "a request to begin that was lost is made again, the same: two that lost theirs do not wait for ever") {
  Node node;
  const Decision first = node.decide();
  REQUIRE(first.kind == Kind::swap_record);
  node.machine.answered({.kind = Answer::unanswered, .why = "no answer"}, node.now);
  node.machine.met(hello_of("b", wire::NodeState::starting), node.now);
  node.now += 1s;
  const Decision again = node.decide();
  REQUIRE(again.kind == Kind::swap_record);
  CHECK(again.expected == first.expected);
  CHECK(again.next == first.next);
}

TEST_CASE("whatever became of a request is known once a record has its term, whoever's it is") {
  for (const char* winner : {"a", "b"}) {
    Node node;
    const Decision asked = node.decide();
    REQUIRE(asked.kind == Kind::swap_record);
    node.machine.answered({.kind = Answer::unanswered, .why = "no answer"}, node.now);
    CHECK(node.machine.request_pending());
    node.now += 1s;
    node.known = *winner == 'a' ? asked.next : record(asked.next.term, "b", {"b"});
    CHECK(node.decide().kind == (*winner == 'a' ? Kind::begin_empty : Kind::nothing));
    CHECK_FALSE(node.machine.request_pending());
  }
}

TEST_CASE("after a swap without an answer no older record counts, whoever tells it") {
  Node node(false);
  node.follow();
  node.machine.peer_left();
  const Decision asked = node.decide();
  REQUIRE(asked.kind == Kind::swap_record);
  node.machine.answered({.kind = Answer::unanswered, .why = "no answer"}, node.now);
  node.machine.told(record(5, "b", {"b"}), node.now);
  node.machine.told(record(6, "b", {"a", "b"}), node.now);
  CHECK_FALSE(node.machine.record());
  CHECK(node.machine.phase() == Phase::standby);
  node.now += 1s;
  node.known = asked.next;
  CHECK(node.decide().kind == Kind::take_over);
}

TEST_CASE("a silent standby is removed before the active stands alone, and output waits until then") {
  Node node;
  node.lead_with_standby();
  node.lease.granted({node.now, node.machine.term()}, node.now);
  CHECK(node.permit.holds(node.now));
  Decision asked;
  for (int tick = 0; tick < 50 && asked.kind != Kind::swap_record; ++tick) {
    node.now += 2ms;
    asked = node.decide();
  }
  REQUIRE(asked.kind == Kind::swap_record);
  CHECK(node.now < 100s + 20ms);  // before its right ends
  CHECK(asked.next.in_sync == std::set<std::string>{"a"});
  CHECK(node.machine.phase() == Phase::active);
  node.machine.answered({.kind = Answer::swapped, .newest = asked.next}, node.now);
  CHECK(node.decide().kind == Kind::stand_alone);
  CHECK(node.permit.holds(node.now + 3600s));
}

TEST_CASE("a standby that is heard, but does not hear, is removed before its last grant ends") {
  Node node;
  node.lead_with_standby();
  wire::Heartbeat beat = node.beat(wire::NodeState::standby, node.machine.term());
  beat.grant_term = node.machine.term();
  beat.grant_stamp_ns = node.now.count();
  const Instant last_heard_by_it = node.now;
  node.lease.granted({node.now, node.machine.term()}, node.now);
  Decision asked;
  for (int tick = 0; tick < 100 && asked.kind != Kind::swap_record; ++tick) {
    node.now += 1ms;
    node.machine.beat(beat, node.now);  // the same grant again and again
    asked = node.decide();
  }
  REQUIRE(asked.kind == Kind::swap_record);
  CHECK(asked.next.in_sync == std::set<std::string>{"a"});
  CHECK(node.now > last_heard_by_it + 10ms);
  CHECK(node.permit.holds(node.now));
}

TEST_CASE("an active that learns of another leader is fenced, and silent at once") {
  Node node;
  node.lead_with_standby();
  node.lease.granted({node.now, node.machine.term()}, node.now);
  node.machine.told(record(node.machine.term() + 1, "b", {"b"}), node.now);
  CHECK(node.decide().kind == Kind::fence);
  CHECK(node.machine.phase() == Phase::fenced);
  CHECK_FALSE(node.permit.holds(node.now));
}

TEST_CASE(
    "a standby that hears nothing stops granting, asks, and leads only when all that it granted has ended") {
  Node node(false);
  node.follow();
  for (int i = 0; i < 10; ++i) {
    node.now += 2ms;
    node.lease.active_heard(node.now, 6, node.now);
    node.machine.beat(node.beat(wire::NodeState::leading, 6), node.now);
    CHECK(node.decide().kind == Kind::nothing);
  }
  CHECK(node.lease.grant().stamp == node.now);
  const Instant last = node.now;
  Decision asked;
  for (int tick = 0; tick < 100 && asked.kind != Kind::swap_record; ++tick) {
    node.now += 2ms;
    asked = node.decide();
  }
  REQUIRE(asked.kind == Kind::swap_record);
  CHECK(node.lease.grant().stamp == Instant{});
  CHECK(node.machine.last_suspicion().since == node.now);
  CHECK(node.machine.last_suspicion().silence == node.now - last);
  CHECK(asked.next.in_sync == std::set<std::string>{"a"});
  node.now = last + 10ms;  // as if it had asked at once
  node.machine.answered({.kind = Answer::swapped, .newest = asked.next}, node.now);
  CHECK(node.decide().kind == Kind::nothing);
  node.now = last + 20ms;
  CHECK(node.decide().kind == Kind::take_over);
  CHECK(node.machine.phase() == Phase::standalone);
}

TEST_CASE(
    "a standby whose active is proven dead waits for no lease; with prefer: safety only proof promotes") {
  Node node(false, false, false);
  node.follow();
  node.lease.active_heard(node.now, 6, node.now);
  node.pass(200ms, [] {});
  CHECK(node.machine.suspects());
  CHECK(node.decide().kind == Kind::nothing);
  CHECK(node.machine.why().find("prefer: safety") != std::string::npos);
  node.machine.met(hello_of("b", wire::NodeState::starting, kIncarnation + 1), node.now);
  node.swap();
  CHECK(node.decide().kind == Kind::take_over);
}

TEST_CASE("a heartbeat of the active in this term ends a suspicion; one of another term does not") {
  Node node(false);
  node.follow();
  node.machine.parted(node.now);
  node.now += 60ms;
  const Decision asked = node.decide();
  REQUIRE(asked.kind == Kind::swap_record);
  node.machine.answered({.kind = Answer::unanswered, .why = "no answer"}, node.now);
  REQUIRE(node.machine.suspects());
  node.machine.beat(node.beat(wire::NodeState::leading, 5), node.now);
  CHECK(node.machine.suspects());
  node.machine.beat(node.beat(wire::NodeState::leading, 6), node.now);
  CHECK_FALSE(node.machine.suspects());
  CHECK(node.lease.granting());
}

TEST_CASE("a node that can only wait for an answer, or for its next try, asks for no time before that") {
  Node node(false);
  node.follow();
  node.pass(200ms, [] {});
  REQUIRE(node.machine.request_pending());
  CHECK(node.machine.decide_again_at() == Instant::max());
  node.machine.answered({.kind = Answer::unanswered, .why = "no answer"}, node.now);
  CHECK(node.machine.decide_again_at() > node.now);
  CHECK(node.machine.decide_again_at() < node.now + 100ms);
}

TEST_CASE("a few missed heartbeats do not make a peer lost whose connection this node ended itself") {
  const bool by_peer = GENERATE(false, true);
  Node node(false);
  node.follow();
  node.machine.parted(node.now, by_peer ? RoleMachine::EndedBy::peer : RoleMachine::EndedBy::this_node);
  node.pass(20ms, [] {});
  CHECK(node.machine.suspects() == by_peer);
  node.pass(60ms, [] {});
  CHECK(node.machine.suspects());
}

TEST_CASE(
    "a heartbeat that was refused after the peer ended the connection proves its death; no other does") {
  Node n;
  n.follow();
  const auto is_proven = [&](Instant sent) {
    n.machine.beat_refused(sent);
    const Decision d = n.decide();
    if (d.kind != Kind::swap_record) return false;
    CHECK(d.next.active == "a");
    return n.lease.grants_end() <= n.now;
  };
  n.lease.active_heard(n.now, 6, n.now);
  REQUIRE(n.lease.grants_end() > n.now);
  CHECK_FALSE(is_proven(n.now + 1ms));  // the connection stands
  n.machine.parted(n.now, RoleMachine::EndedBy::this_node);
  CHECK_FALSE(is_proven(n.now + 1ms));
  n.machine.met(hello_of("b", wire::NodeState::leading), n.now);
  n.machine.parted(n.now);
  CHECK_FALSE(is_proven(n.now - 1ms));  // to whoever had the port before
  CHECK_FALSE(is_proven(n.now));
  CHECK(is_proven(n.now + 1ns));
}

TEST_CASE("a standby that the record does not have any more is fenced and grants nothing") {
  Node node(false);
  node.follow();
  node.machine.told(record(7, "b", {"b"}), node.now);
  CHECK(node.decide().kind == Kind::fence);
  CHECK_FALSE(node.lease.granting());
  CHECK(node.machine.filling_begins(7));
}

TEST_CASE(
    "a hand-over: silent when the last epoch is committed and what it held is out, asked for then, never "
    "taken "
    "back after that") {
  Node node;
  node.lead_with_standby();
  node.lease.granted({node.now, node.machine.term()}, node.now);
  REQUIRE(node.machine.hand_over());
  CHECK(node.permit.holds(node.now));
  CHECK(node.decide().kind == Kind::nothing);
  node.machine.last_epoch_committed();
  CHECK_FALSE(node.permit.holds(node.now));
  node.lease.granted({node.now, node.machine.term()}, node.now);
  CHECK_FALSE(node.permit.holds(node.now));
  const Decision asked = node.decide();
  REQUIRE(asked.kind == Kind::swap_record);
  CHECK(asked.next.active == "b");
  CHECK(asked.next.in_sync == std::set<std::string>{"a", "b"});
  CHECK_FALSE(node.machine.call_off_hand_over(node.now));
  node.machine.answered({.kind = Answer::swapped, .newest = asked.next}, node.now);
  CHECK(node.decide().kind == Kind::hand_down);
  CHECK(node.machine.phase() == Phase::standby);
}

TEST_CASE(
    "a hand-over that the successor tells of counts before the arbiter's answer; then it has time to be "
    "heard") {
  Node node;
  node.lead_with_standby();
  REQUIRE(node.machine.hand_over());
  node.machine.last_epoch_committed();
  const Decision asked = node.decide();
  REQUIRE(asked.kind == Kind::swap_record);
  node.now += 10s;
  node.machine.told(asked.next, node.now);
  CHECK(node.machine.succeeded());
  CHECK(node.decide().kind == Kind::hand_down);
  CHECK(node.lease.granting());
  node.machine.answered({.kind = Answer::swapped, .newest = asked.next}, node.now);
  node.known = asked.next;
  CHECK(node.decide().kind == Kind::nothing);
  CHECK_FALSE(node.machine.suspects());
  CHECK(node.lease.granting());
}

TEST_CASE(
    "while the arbiter does not answer no peer is filled: it would be obeyed, and could not be removed") {
  Node node;
  node.lead_alone();
  node.now += 5s;
  REQUIRE(node.machine.decide(node.now).kind == Kind::read_record);
  node.machine.answered({.kind = Answer::unanswered, .newest = {}, .why = "it is cut off"}, node.now);
  node.machine.met(hello_of("b", wire::NodeState::starting), node.now);
  node.machine.holdings_told();
  CHECK(node.machine.decide(node.now).kind == Kind::nothing);
  node.now += 5s;
  REQUIRE(node.machine.decide(node.now).kind == Kind::read_record);
  node.machine.answered({.kind = Answer::record, .newest = node.known}, node.now);
  CHECK(node.machine.decide(node.now).kind == Kind::fill_peer);
}

TEST_CASE(
    "a successor that is told of before this node has fallen silent is none that it handed over to: fenced") {
  Node node;
  node.lead_with_standby();
  REQUIRE(node.machine.hand_over());
  const std::uint64_t term = node.machine.term() + 1;
  node.machine.told(record(term, "b", {"a", "b"}), node.now);
  CHECK(node.decide().kind == Kind::fence);
  CHECK(node.machine.phase() == Phase::fenced);
}

TEST_CASE("a hand-over that was not asked for yet can be called off; without a standby there is none") {
  Node node;
  node.lead_alone();
  CHECK_FALSE(node.machine.hand_over());
  Node other;
  other.lead_with_standby();
  REQUIRE(other.machine.hand_over());
  CHECK(other.machine.call_off_hand_over(other.now));
  CHECK(other.machine.phase() == Phase::active);
}

TEST_CASE(
    "P8: a copy that is not whole is no member, is not promoted, and is nothing once its source is gone") {
  Node node(false);
  node.known = record(5, "b", {"b"});
  node.machine.met(hello_of("b", wire::NodeState::leading), node.now);
  REQUIRE(node.decide().kind == Kind::nothing);
  REQUIRE(node.machine.filling_begins(5));
  node.machine.told(record(6, "b", {"a", "b"}), node.now);  // by mistake of whoever asked
  CHECK(node.decide().kind == Kind::nothing);
  CHECK_FALSE(node.lease.granting());
  node.machine.peer_left();
  CHECK(node.decide().kind == Kind::forget);
  CHECK(node.machine.phase() == Phase::starting);
}

TEST_CASE("a void copy is no copy: it grants nothing, is not promoted, and may be filled") {
  Node node(false);
  node.follow();
  node.machine.copy_is_void();
  CHECK(node.machine.phase() == Phase::syncing);
  CHECK_FALSE(node.lease.granting());
  node.pass(500ms, [] {});
  CHECK(node.machine.phase() == Phase::syncing);
  CHECK(node.machine.filling_begins(6));
}

}  // namespace stillwater::tests
