// The policy of a running firewall: rules that reject, limits, and policies that change under sessions.
#include <map>

#include "ckpt_engine/region/session_table.h"
#include "tests/unit/dataplane/rule_model.h"
#include "tests/unit/dataplane/traces.h"

namespace stillwater::dataplane {
namespace {

RuleConfig allow(std::uint32_t id) {
  return {.id = id, .action = RuleAction::allow, .from = {"inside"}, .to = {"outside"}};
}
RuleConfig of_port(std::uint32_t id, RuleAction action, std::uint16_t port) {
  return {.id = id, .action = action, .services = {{.destination_ports = {{port, port}}}}};
}

// What it sends lies in the ports' rings when it stands still.
struct Policed : Firewall {
  explicit Policed(std::vector<RuleConfig> rules) {
    config.rules = std::move(rules);
    start_and_resume();
    greet();
  }
  void replace(std::vector<RuleConfig> rules) {
    const auto generation = dataplane->replace_policy({std::move(rules)});
    if (!generation) FAIL(generation.error().message);
    CHECK(*generation == dataplane->policy_generation());
  }
  // What the port sends until everything was worked on that waits.
  std::vector<Bytes> rest_of(RingPort& port) {
    settle();
    std::vector<Bytes> frames;
    for (Bytes frame; port.take(frame);) frames.push_back(frame);
    dataplane->barrier().resume();
    return frames;
  }
  bool passes(const UdpFlow& flow) {
    inside.put(udp_frame(kHostMac, kInMac, flow));
    const auto frames = rest_of(outside);
    return std::any_of(frames.begin(), frames.end(), is_udp);
  }
  std::uint64_t dropped(const std::string& reason) {
    clock.advance(150ms);
    next_turns();
    const auto drops = dataplane->drops();
    const auto found = drops.find(reason);
    return found == drops.end() ? 0 : found->second;
  }
  RuleFigures figures(std::uint32_t id) {
    for (const RuleFigures& rule : dataplane->rule_figures())
      if (rule.id == id) return rule;
    return {};
  }
};

UdpFlow question(std::uint16_t source_port, std::uint16_t port = 53) {
  return {kHost, kServer, source_port, port};
}

const rte_tcp_hdr& tcp_of(const Bytes& frame) {
  return *reinterpret_cast<const rte_tcp_hdr*>(&frame[RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr)]);
}

}  // namespace

TEST_CASE("policy: whom a rule rejects is told by ICMP, or by a reset of its SYN") {
  Policed f({of_port(5, RuleAction::reject, 7), allow(10)});
  f.inside.put(udp_frame(kHostMac, kInMac, question(4000, 7)));
  const auto told = f.rest_of(f.inside);
  REQUIRE(told.size() == 1);
  REQUIRE(is_icmp(told[0]));
  CHECK(told[0][34] == 3);
  CHECK(told[0][35] == 13);
  CHECK(quoted_by(told[0]) == question(4000, 7));

  f.inside.put(tcp_frame(kHostMac, kInMac, question(4001, 7), {.flags = kSyn, .seq = 99}));
  const auto reset = f.rest_of(f.inside);
  REQUIRE(reset.size() == 1);
  CHECK(flow_of(reset[0]) == UdpFlow{kServer, kHost, 7, 4001});
  CHECK(tcp_of(reset[0]).tcp_flags == (RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG));
  CHECK(tcp_of(reset[0]).recv_ack == htonl(100));
  CHECK(f.dropped("rejected_by_rule") == 2);
  CHECK(f.dataplane->sessions_in_use() == 0);
  CHECK(f.figures(5).matches == 2);
}

TEST_CASE("policy: a limit admits its burst and its rate of new sessions, and counts the others") {
  RuleConfig limited = allow(10);
  limited.limit = {.per_s = 10, .burst = 2};
  Policed f({limited});
  CHECK(f.passes(question(4000)));
  CHECK(f.passes(question(4001)));
  CHECK_FALSE(f.passes(question(4002)));
  CHECK(f.passes(question(4000)));      // known
  CHECK(f.dropped("rule_limit") == 1);  // 150 ms later there is one token, and a half
  CHECK(f.passes(question(4003)));
  CHECK_FALSE(f.passes(question(4004)));
  CHECK(f.figures(10).matches == 5);
  CHECK(f.figures(10).limited == 2);
}

TEST_CASE("policy: a trace foresees the limit, and spends nothing of it") {
  RuleConfig limited = allow(10);
  limited.limit = {.per_s = 1, .burst = 1};
  Policed f({limited});
  const auto trace = [&] {
    return traced(f, {.port = "inside", .packet = trace_packet("10.80.1.2", "10.80.2.2")});
  };
  for (int i = 0; i < 3; ++i) CHECK(trace().end == Trace::End::output);
  CHECK(f.passes(question(4001)));
  const Trace over = trace();
  CHECK(over.reason == "rule_limit");
  CHECK(has_note(over, "rule 10 allows"));
}

TEST_CASE("policy: a trace foresees what a changed policy means for a session, and changes nothing") {
  Policed f({allow(10)});
  REQUIRE(f.passes(question(4000)));
  const auto trace = [&] {
    return traced(f, {.port = "inside", .packet = trace_packet("10.80.1.2", "10.80.2.2")});
  };
  f.replace({allow(11)});
  const Trace on = trace();
  INFO(to_text(on));
  CHECK(on.end == Trace::End::output);
  CHECK(has_note(on, "rule 11 allows"));
  CHECK(has_note(on, "the policy has changed since it was admitted: it would go on"));
  f.replace({of_port(12, RuleAction::deny, 53)});
  const Trace denied = trace();
  CHECK(denied.reason == "denied_by_rule");
  CHECK(has_note(denied, "the policy has changed since it was admitted: it would end"));
  f.replace({of_port(12, RuleAction::reject, 53)});
  const Trace rejected = trace();
  CHECK(rejected.reason == "rejected_by_rule");
  REQUIRE(rejected.frames.size() == 1);
  CHECK(is_icmp(rejected.frames[0].bytes));
  CHECK(f.dataplane->sessions_in_use() == 1);
}

TEST_CASE("policy: a session that a new policy rejects ends, and its peer is told") {
  Policed f({allow(10)});
  const auto forth = question(4000);
  f.inside.put(tcp_frame(kHostMac, kInMac, forth, {.flags = kSyn, .seq = 1}));
  REQUIRE(f.rest_of(f.outside).size() == 1);
  f.replace({of_port(5, RuleAction::reject, 53)});
  f.inside.put(tcp_frame(kHostMac, kInMac, forth, {.flags = kAck, .seq = 2, .ack = 700}));
  const auto reset = f.rest_of(f.inside);
  REQUIRE(reset.size() == 1);
  CHECK(tcp_of(reset[0]).tcp_flags == RTE_TCP_RST_FLAG);
  CHECK(tcp_of(reset[0]).sent_seq == htonl(700));
  CHECK(f.dataplane->sessions_in_use() == 0);
}

TEST_CASE("policy: a session's first packet under a new policy waits for its commit, the next one does not") {
  Policed f({allow(10)});
  REQUIRE(f.passes(question(4000)));
  f.replace({allow(11)});
  f.settle();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.dataplane->barrier().resume();
  CHECK_FALSE(f.passes(question(4000)));
  CHECK(f.dataplane->held_packets() == 1);
  f.settle();
  f.epochs.set_current(3);
  f.epochs.set_committed(2);
  f.dataplane->barrier().resume();
  (void)f.sent_by(f.outside);
  CHECK(f.passes(question(4000)));
}

TEST_CASE(
    "policy: a policy that cannot be built changes nothing, one that can has the number that it is given") {
  Policed f({allow(10)});
  RuleConfig nowhere = allow(11);
  nowhere.to = {"dmz"};
  const auto refused = f.dataplane->replace_policy({{nowhere}});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("rule 11") && Catch::Contains("'dmz'"));
  CHECK_FALSE(f.dataplane->build_policy({{nowhere}}, 2));
  CHECK(f.dataplane->build_policy({{allow(11)}}, 2));
  CHECK(f.dataplane->policy_generation() == kFirstPolicyGeneration);
  CHECK(f.passes(question(4000)));
  CHECK(f.figures(10).matches == 1);
  const auto given = f.dataplane->replace_policy({{allow(11), allow(10)}}, 9);
  REQUIRE(given);
  CHECK(*given == 9);
  CHECK(f.figures(10).matches == 1);  // counted on
}

namespace {

// Sessions of two hosts, under policies that come and go.
class Changes {
 public:
  explicit Changes(std::uint32_t seed) : random_(seed), f_({allow(1)}) {}

  void run() {
    for (int step = 0; step < 400; ++step) {
      if (random_() % 4 == 0) change();
      send();
    }
    CHECK(went_on_ > 20);
    CHECK(ended_ > 20);
  }

 private:
  using Key = std::pair<std::uint16_t, std::uint16_t>;  // source and destination port

  // Of rules that each say something about few of these sessions, so that many keep passing.
  void change() {
    rules_.clear();
    for (std::uint32_t n = random_() % 4; n != 0; --n) {
      const bool denies = random_() % 2 == 0;
      RuleConfig rule = of_port(next_id_++, denies ? RuleAction::deny : RuleAction::allow,
                                static_cast<std::uint16_t>(53 + random_() % 3));
      if (random_() % 2 == 0) {
        const auto port = static_cast<std::uint16_t>(4000 + random_() % 4);
        rule.services[0].source_ports = {{port, port}};
      }
      rules_.push_back(rule);
    }
    if (random_() % 8 != 0) rules_.push_back(allow(next_id_++));
    f_.replace(rules_);
  }

  // Forth opens a session if it has to; back passes only while there is one. Either ends what is denied.
  void send() {
    const Key key{static_cast<std::uint16_t>(4000 + random_() % 4),
                  static_cast<std::uint16_t>(53 + random_() % 3)};
    const auto known = sessions_.find(key);
    const bool back = known != sessions_.end() && random_() % 2 == 0;
    const RuleConfig* rule = first_match(rules_, {IpAddress::v4(htonl(kHost)), IpAddress::v4(htonl(kServer)),
                                                  IPPROTO_UDP, key.first, key.second, "inside", "outside"});
    const bool passes = rule != nullptr && rule->action == RuleAction::allow;
    CAPTURE(key.first, key.second, back, passes);
    RingPort& out = back ? f_.inside : f_.outside;
    if (back)
      f_.outside.put(udp_frame(kServerMac, kOutMac, {kServer, kOut, key.second, known->second}));
    else
      f_.inside.put(udp_frame(kHostMac, kInMac, question(key.first, key.second)));
    f_.settle();
    std::vector<Bytes> sent;
    for (Bytes frame; out.take(frame);)
      if (is_udp(frame)) sent.push_back(frame);
    REQUIRE(sent.size() == (passes ? 1 : 0));
    (known != sessions_.end() ? (passes ? went_on_ : ended_) : opened_) += 1;
    if (!passes)
      sessions_.erase(key);
    else if (!back)
      sessions_[key] = flow_of(sent[0]).source_port;
    check_record(key, rule);
    f_.dataplane->barrier().resume();
  }

  // While the worker stands still.
  void check_record(const Key& key, const RuleConfig* rule) {
    const region::SessionTable table(*f_.region, 0);
    CHECK(table.in_use() == sessions_.size());
    const auto match =
        table.find({htonl(kHost), htonl(kServer), htons(key.first), htons(key.second), IPPROTO_UDP, {}});
    REQUIRE(static_cast<bool>(match) == sessions_.contains(key));
    if (!match) return;
    CHECK(table.at(match.slot).rule_id == rule->id);
    CHECK(table.at(match.slot).config_generation == f_.dataplane->policy_generation());
  }

  Random random_;
  std::vector<RuleConfig> rules_{allow(1)};
  std::uint32_t next_id_ = 2;
  Policed f_;
  std::map<Key, std::uint16_t> sessions_;  // and the port that their answers come to
  int opened_ = 0, went_on_ = 0, ended_ = 0;
};

}  // namespace

TEST_CASE("policy: sessions whose rules keep passing go on through any number of changes, others end") {
  const auto seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Changes(seed).run();
}

}  // namespace stillwater::dataplane
