// Which logs are sent where: right files, and each mistake at its place.
#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

using dataplane::SessionLog;

std::string with_syslog(const std::string& section) {
  return with(kSample, "log:", "syslog: {" + section + "}\nlog:");
}

const std::string kUdp = "collectors: [{address: 192.0.2.9:514, transport: udp}]";

Config config_of(const std::string& text) {
  const auto config = parse_config(text, "f.yaml");
  if (!config) FAIL(config.error().message);
  return *config;
}

void check_report(const std::string& text, const std::string& at, const std::string& says) {
  INFO(text);
  const auto config = parse_config(text, "f.yaml");
  REQUIRE_FALSE(config.has_value());
  CHECK_THAT(config.error().message, Catch::StartsWith("f.yaml:" + at + ": ") && Catch::Contains(says) &&
                                         Catch::Contains("; expected "));
  CHECK(config.error().message.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("syslog: without the section nothing is logged; with it, what its keys leave out has its default") {
  const Config none = config_of(kSample);
  CHECK(none.syslog.collectors.empty());
  CHECK_FALSE(none.dataplane.log.wants_any());

  const Config config = config_of(with_syslog("collectors: [{address: 192.0.2.9:6514, tls_ca: /ca.pem}]"));
  REQUIRE(config.syslog.collectors.size() == 1);
  CHECK(config.syslog.collectors[0].address == Endpoint{"192.0.2.9", 6514});
  CHECK(config.syslog.collectors[0].transport == SyslogTransport::tls);
  CHECK(config.syslog.collectors[0].tls_ca == "/ca.pem");
  CHECK(config.syslog.collectors[0].tls_name.empty());
  CHECK(config.syslog.facility == 16);
  CHECK(config.dataplane.log.sessions == SessionLog::by_rule);
  CHECK(config.dataplane.log.translations);
  CHECK(config.dataplane.log.rules);
  CHECK_FALSE(config.dataplane.rules[0].log);
}

TEST_CASE("syslog: every key, several collectors of both families, and rules that are logged") {
  const Config config = config_of(
      with(with_syslog("collectors: [{address: 192.0.2.9:514, transport: udp}, {address: 192.0.2.9:514, "
                       "transport: tcp}, {address: '[2001:db8::9]:6514', transport: tls, tls_ca: a, "
                       "tls_certificate: b, tls_key: c, tls_name: logs.example}], facility: local7, "
                       "sessions: all, translations: false, rules: none"),
           "id: 20, action: deny", "id: 20, log: true, action: deny"));
  REQUIRE(config.syslog.collectors.size() == 3);
  CHECK(config.syslog.collectors[0].transport == SyslogTransport::udp);
  CHECK(config.syslog.collectors[1].transport == SyslogTransport::tcp);
  CHECK(config.syslog.collectors[2].address == Endpoint{"2001:db8::9", 6514});
  CHECK(config.syslog.collectors[2].tls_certificate == "b");
  CHECK(config.syslog.collectors[2].tls_key == "c");
  CHECK(config.syslog.collectors[2].tls_name == "logs.example");
  CHECK(config.syslog.facility == 23);
  CHECK(config.dataplane.log.sessions == SessionLog::all);
  CHECK_FALSE(config.dataplane.log.translations);
  CHECK_FALSE(config.dataplane.log.rules);
  CHECK(config.dataplane.rules[1].log);
}

TEST_CASE("syslog: each mistake is reported at its place") {
  check_report(with_syslog("facility: local0"), "38:9", "syslog has no 'collectors'");
  check_report(with_syslog("collectors: []"), "38:22", "empty list; expected at least one");
  check_report(with_syslog("collectors: [{transport: udp}]"), "38:23", "collector has no 'address'");
  check_report(with_syslog("collectors: [{address: logs.example, transport: udp}]"), "38:33", "logs.example");
  check_report(with_syslog("collectors: [{address: 192.0.2.9:514}]"), "38:23",
               "collector has no 'tls_ca'; expected a PEM file");
  check_report(with_syslog("collectors: [{address: 192.0.2.9:514, transport: relp}]"), "38:59",
               "expected one of tls, tcp, udp");
  check_report(with_syslog("collectors: [{address: 192.0.2.9:514, transport: udp, tls_ca: /ca.pem}]"),
               "38:72", "tls_ca is not used; expected it with 'transport: tls'");
  check_report(with_syslog("collectors: [{address: 192.0.2.9:6514, tls_ca: a, tls_key: b}]"), "38:69",
               "tls_key without tls_certificate");
  check_report(with_syslog("collectors: [{address: 192.0.2.9:514, transport: udp}, {address: 192.0.2.9:514, "
                           "transport: udp}]"),
               "38:65", "listed above; expected it once");
  check_report(with_syslog(kUdp + ", facility: local8"), "38:76", "expected one of kern,");
  check_report(with_syslog(kUdp + ", sessions: some"), "38:76", "expected one of all, by_rule, none");
  check_report(with_syslog(kUdp + ", translations: yes"), "38:80", "expected one of true, false");
  check_report(with_syslog(kUdp + ", rules: all"), "38:73", "expected one of by_rule, none");
  check_report(with_syslog(kUdp + ", collector: 1"), "38:66", "unknown key 'collector' in syslog");
  check_report(with_syslog(kUdp + ", sessions: none, translations: false, rules: none"), "38:76",
               "syslog asks for nothing");
  std::string many;
  for (int i = 1; i <= 9; ++i) many += "{address: 192.0.2." + std::to_string(i) + ":514, transport: udp}, ";
  check_report(with_syslog("collectors: [" + many + "]"), "38:22", "too many collectors; expected at most 8");
  check_report(with(kSample, "action: deny", "log: 1, action: deny"), "24:19", "expected one of true, false");
}

}  // namespace stillwater::appliance
