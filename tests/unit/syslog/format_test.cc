// The messages to the octet: RFC 5424.
#include "appliance/syslog/format.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

namespace stillwater::appliance::syslog {
namespace {

using dataplane::CloseReason;
using dataplane::LogEndpoint;
using dataplane::LogKind;
using dataplane::LogRecord;
using dataplane::RuleAction;

const Origin kOrigin{.node = "fw-a", .process = "4711", .facility = 16, .ports = {"inside", "outside"}};
const WallTime kTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + std::chrono::hours(20) +
                     1234567ns};

LogEndpoint v4(const char* address, std::uint16_t port) {
  in_addr parsed{};
  REQUIRE(inet_pton(AF_INET, address, &parsed) == 1);
  return {IpAddress::v4(parsed.s_addr), port};
}

LogEndpoint v6(const char* address, std::uint16_t port) {
  in6_addr parsed{};
  REQUIRE(inet_pton(AF_INET6, address, &parsed) == 1);
  return {IpAddress::v6(&parsed), port};
}

LogRecord session(LogKind kind) {
  LogRecord record;
  record.kind = kind;
  record.rule_id = 10;
  record.protocol = IPPROTO_TCP;
  record.in_port = 0;
  record.out_port = 1;
  record.source = v4("10.80.1.2", 4000);
  record.destination = record.translated_destination = v4("198.51.100.7", 443);
  record.translated_source = v4("192.0.2.1", 1024);
  return record;
}

}  // namespace

TEST_CASE("a session that opened, translated") {
  CHECK(format(session(LogKind::session_opened), kTime, kOrigin) ==
        R"(<134>1 2026-11-28T20:00:00.001234Z fw-a stillwater 4711 session_opened [session@32473 proto="6" )"
        R"(src="10.80.1.2" sport="4000" dst="198.51.100.7" dport="443" xsrc="192.0.2.1" xsport="1024" )"
        R"(in="inside" out="outside" rule="10"])");
}

TEST_CASE("a session that closed says why, and how old it was; what was not translated is told once") {
  LogRecord record = session(LogKind::session_closed);
  record.translated_source = record.source;
  record.reason = CloseReason::idle;
  record.age = 7201s + 5ms;
  CHECK(format(record, kTime, kOrigin) ==
        R"(<134>1 2026-11-28T20:00:00.001234Z fw-a stillwater 4711 session_closed [session@32473 proto="6" )"
        R"(src="10.80.1.2" sport="4000" dst="198.51.100.7" dport="443" )"
        R"(in="inside" out="outside" rule="10" reason="idle" age_ms="7201005"])");
}

TEST_CASE("a binding has an internal and an external endpoint, and no destination (RFC 6888 REQ-12)") {
  LogRecord record = session(LogKind::binding_created);
  record.rule_id = 0;
  record.destination = record.translated_destination = {};
  CHECK(format(record, kTime, kOrigin) ==
        R"(<134>1 2026-11-28T20:00:00.001234Z fw-a stillwater 4711 binding_created [binding@32473 proto="6" )"
        R"(src="10.80.1.2" sport="4000" xsrc="192.0.2.1" xsport="1024" in="inside" out="outside"])");
  record.kind = LogKind::binding_freed;
  record.ports = 512;
  CHECK_THAT(format(record, kTime, kOrigin),
             Catch::Contains(" binding_freed [binding@32473 ") && Catch::EndsWith(R"( ports="512"])"));
}

TEST_CASE("a rule's match: severity by what it did, in the facility that was configured, of IPv6 too") {
  LogRecord record;
  record.kind = LogKind::rule_matched;
  record.rule_id = 20;
  record.protocol = IPPROTO_UDP;
  record.in_port = 1;
  record.source = v6("2001:db8::9", 5353);
  record.destination = v6("2001:db8:1::1", 53);
  Origin origin = kOrigin;
  origin.facility = 23;
  CHECK(
      format(record, kTime, origin) ==
      R"(<188>1 2026-11-28T20:00:00.001234Z fw-a stillwater 4711 rule_matched [rule@32473 proto="17" )"
      R"(src="2001:db8::9" sport="5353" dst="2001:db8:1::1" dport="53" in="outside" out="inside" rule="20" )"
      R"(action="deny"])");
  record.action = RuleAction::allow;
  CHECK_THAT(format(record, kTime, origin),
             Catch::StartsWith("<189>1 ") && Catch::EndsWith(R"(action="allow"])"));
}

TEST_CASE("what ends a value is escaped in it, and nothing else is (section 6.3.3)") {
  CHECK(escaped(R"(a"b\c]d[e=f)") == R"(a\"b\\c\]d[e=f)");
  Origin origin = kOrigin;
  origin.ports[0] = R"(x"]\)";
  CHECK_THAT(format(session(LogKind::session_opened), kTime, origin),
             Catch::Contains(R"( in="x\"\]\\" out="outside")"));
}

TEST_CASE("a port that has no name has its number; what was lost has an element of its own") {
  LogRecord record = session(LogKind::session_opened);
  record.out_port = 7;
  CHECK_THAT(format(record, kTime, kOrigin), Catch::Contains(R"( out="7" )"));
  CHECK(lost_element(12) == R"([lost@32473 records="12"])");
}

TEST_CASE("a time before a second has passed, and one in its last microsecond") {
  const WallTime second{std::chrono::sys_days{std::chrono::year{1999} / 12 / 31} + std::chrono::hours(24) -
                        1ns};
  CHECK_THAT(format(session(LogKind::session_opened), second, kOrigin),
             Catch::Contains(" 1999-12-31T23:59:59.999999Z "));
  CHECK_THAT(format(session(LogKind::session_opened), second + 1ns, kOrigin),
             Catch::Contains(" 2000-01-01T00:00:00.000000Z "));
}

}  // namespace stillwater::appliance::syslog
