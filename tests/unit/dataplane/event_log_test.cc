// What a firewall notes for the logs: of sessions, translations and rules.
#include "tests/unit/dataplane/firewall.h"
#include "tests/unit/dataplane/traces.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

LogEndpoint at(std::uint32_t address, std::uint16_t port) { return {IpAddress::v4(htonl(address)), port}; }

// Logs all kinds; its standby, if it has one, is in the test's hand.
struct Logging : Firewall {
  Logging() {
    config.log = {.sessions = SessionLog::all, .translations = true, .rules = true};
    const ServiceConfig tcp{.protocol = IPPROTO_TCP};
    config.rules = {
        {.id = 5, .from = {"inside"}, .to = {"outside"}, .services = {tcp}, .log = true},
        {.id = 10, .action = RuleAction::allow, .from = {"inside"}, .to = {"outside"}, .log = true}};
  }
  // All that may be told now. The worker stands still meanwhile, so that all that arrived is there.
  std::vector<LogRecord> logged() {
    settle();
    auto records = take();
    dataplane->barrier().resume();
    return records;
  }
  std::vector<LogRecord> take() {
    std::vector<LogRecord> records(64);
    records.resize(dataplane->take_log_records(0, records));
    return records;
  }
  void opened() {
    query();
    (void)sent_by(outside);
  }
};

std::vector<LogKind> kinds_of(const std::vector<LogRecord>& records) {
  std::vector<LogKind> kinds;
  for (const LogRecord& record : records) kinds.push_back(record.kind);
  return kinds;
}

}  // namespace

TEST_CASE("a session's log: the rule that admitted it, the port that it took, its begin, its end") {
  Logging f;
  f.start_and_resume();
  f.greet();
  f.opened();
  const auto begun = f.logged();
  REQUIRE(kinds_of(begun) ==
          std::vector{LogKind::rule_matched, LogKind::binding_created, LogKind::session_opened});
  CHECK(begun[0].action == RuleAction::allow);
  CHECK(begun[0].rule_id == 10);
  CHECK(begun[1].source == at(kHost, 4000));
  CHECK(begun[1].translated_source == at(kOut, 4000));
  CHECK(begun[1].destination.address.is_none());
  const LogRecord& session = begun[2];
  CHECK(session.rule_id == 10);
  CHECK(session.protocol == IPPROTO_UDP);
  CHECK(session.in_port == 0);
  CHECK(session.out_port == 1);
  CHECK(session.source == at(kHost, 4000));
  CHECK(session.destination == at(kServer, 53));
  CHECK(session.translated_source == at(kOut, 4000));
  CHECK(session.translated_destination == at(kServer, 53));
  CHECK(session.at == f.clock.now());

  f.clock.advance(3s);
  f.next_turns();
  REQUIRE(f.dataplane->end_sessions({}) == 1u);
  const auto ended = f.logged();
  REQUIRE(kinds_of(ended) == std::vector{LogKind::session_closed, LogKind::binding_freed});
  CHECK(ended[0].reason == CloseReason::cleared);
  CHECK(ended[0].age == 3s);
  CHECK(ended[0].source == at(kHost, 4000));
  CHECK(ended[1].translated_source == at(kOut, 4000));
}

TEST_CASE("invariant 1: what a log tells of a session waits for its commit, and a fence keeps it for good") {
  Logging f;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.query();
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  CHECK(f.logged().empty());
  SECTION("committed") {
    f.settle();
    f.epochs.set_current(2);
    f.epochs.set_committed(1);
    f.dataplane->barrier().resume();
    CHECK(f.logged().size() == 3);
    CHECK(f.dataplane->log_records_lost(0) == 0);
  }
  SECTION("fenced") {
    f.settle();
    CHECK(f.dataplane->drop_held() == 1);
    f.epochs.set_committed(CommittedEpoch::kNobodyToWaitFor);
    CHECK(f.take().empty());
    CHECK(f.dataplane->log_records_lost(0) == 3);
    f.dataplane->barrier().resume();
  }
  SECTION("the workers have ended") {
    f.dataplane->stop();
    CHECK(f.take().empty());
    f.epochs.set_committed(1);
    CHECK(f.take().size() == 3);
  }
}

TEST_CASE("with output commit none a log waits for nothing") {
  Logging f;
  f.config.output_commit = OutputCommit::none;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.opened();
  CHECK(f.logged().size() == 3);
}

TEST_CASE("a rule that refuses is told with the packet that it refused, and waits for nothing") {
  Logging f;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.inside.put(tcp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 80}, {kSyn, 999}));
  const auto records = f.logged();
  REQUIRE(kinds_of(records) == std::vector{LogKind::rule_matched});
  CHECK(records[0].action == RuleAction::deny);
  CHECK(records[0].rule_id == 5);
  CHECK(records[0].source == at(kHost, 4000));
  CHECK(records[0].destination == at(kServer, 80));
  CHECK(records[0].translated_source.address.is_none());
}

TEST_CASE("by_rule: sessions and matches of rules that say so, and of no others") {
  const bool says_so = GENERATE(true, false);
  CAPTURE(says_so);
  Logging f;
  f.config.log = {.sessions = SessionLog::by_rule, .translations = false, .rules = true};
  f.config.rules[1].log = says_so;
  f.start_and_resume();
  f.greet();
  f.opened();
  REQUIRE(f.dataplane->end_sessions({}) == 1u);
  const auto expected =
      says_so ? std::vector{LogKind::rule_matched, LogKind::session_opened, LogKind::session_closed}
              : std::vector<LogKind>{};
  CHECK(kinds_of(f.logged()) == expected);
}

TEST_CASE("why a session ended: closed by both, reset, idle, or replaced by its initiator") {
  Logging f;
  f.config.source_nat.clear();
  f.config.rules.erase(f.config.rules.begin());
  f.config.log = {.sessions = SessionLog::all};
  f.config.tcp_checks = TcpChecks::off;  // a session that is closed by half is opened anew
  f.start_and_resume();
  f.greet();
  Bytes frame;
  const auto client = [&](const Segment& segment) {
    f.inside.put(tcp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 80}, segment));
    REQUIRE(eventually([&] { return f.outside.take(frame); }));
  };
  const auto server = [&](const Segment& segment) {
    f.outside.put(tcp_frame(kServerMac, kOutMac, {kServer, kHost, 80, 4000}, segment));
    REQUIRE(eventually([&] { return f.inside.take(frame); }));
  };
  client({kSyn, 999});
  server({kSyn | kAck, 4999, 1000});
  client({kAck, 1000, 5000});
  CloseReason expected = CloseReason::none;
  SECTION("fin") {
    client({kFin | kAck, 1000, 5000});
    server({kFin | kAck, 5000, 1001});
    client({kSyn, 7000});
    expected = CloseReason::fin;
  }
  SECTION("rst") {
    client({kRst, 1000});
    client({kSyn, 7000});
    expected = CloseReason::rst;
  }
  SECTION("replaced") {
    client({kFin | kAck, 1000, 5000});
    client({kSyn, 7000});
    expected = CloseReason::replaced;
  }
  SECTION("idle") {
    for (int i = 0; i < 4; ++i) {  // a sweep has to begin, and to come by
      f.clock.advance(4000s);
      f.next_turns();
    }
    REQUIRE(eventually([&] {
      f.clock.advance(1s);
      return f.dataplane->sessions_in_use() == 0;
    }));
    expected = CloseReason::idle;
  }
  const auto records = f.logged();
  REQUIRE(records.size() >= 2);
  CHECK(records[1].kind == LogKind::session_closed);
  CHECK(records[1].reason == expected);
}

TEST_CASE("a trace writes no log, and without a configured log there is none") {
  Logging f;
  SECTION("trace") {
    f.start_and_resume();
    f.greet();
    REQUIRE(f.dataplane->trace({.port = "inside", .packet = trace_packet("10.80.1.2", "10.80.2.2")}));
    CHECK(f.logged().empty());
  }
  SECTION("none is configured") {
    f.config.log = {};
    f.start_and_resume();
    f.greet();
    f.opened();
    CHECK(f.logged().empty());
    CHECK(f.dataplane->log_records_lost(0) == 0);
  }
}
