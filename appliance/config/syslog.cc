// syslog: which logs of the dataplane are sent, and to whom.
#include <algorithm>
#include <utility>

#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

constexpr std::size_t kCollectorsMax = 8;

// RFC 5424 section 6.2.1, under the names of syslog.conf.
const OneOf<std::uint8_t>& facilities() {
  static const OneOf<std::uint8_t> names{
      {{"kern", 0},    {"user", 1},    {"mail", 2},    {"daemon", 3},  {"auth", 4},      {"syslog", 5},
       {"lpr", 6},     {"news", 7},    {"uucp", 8},    {"cron", 9},    {"authpriv", 10}, {"ftp", 11},
       {"ntp", 12},    {"audit", 13},  {"alert", 14},  {"clock", 15},  {"local0", 16},   {"local1", 17},
       {"local2", 18}, {"local3", 19}, {"local4", 20}, {"local5", 21}, {"local6", 22},   {"local7", 23}}};
  return names;
}

// TLS is the default, and needs to know whom it trusts; a transport in the clear has no use for files.
void check_tls(Section& section, const CollectorConfig& collector) {
  if (collector.transport == SyslogTransport::tls) {
    section.require("tls_ca",
                    "a PEM file with the authority of the collector's certificate; or 'transport: tcp' or "
                    "'transport: udp', which say that the network is trusted");
    for (const auto& [one, other] :
         {std::pair{"tls_certificate", "tls_key"}, std::pair{"tls_key", "tls_certificate"}})
      if (section.has(one) && !section.has(other))
        section.mistake(one, std::string(one) + " without " + other +
                                 "; expected both, or none where the "
                                 "collector asks for no certificate");
    return;
  }
  for (const char* key : {"tls_ca", "tls_certificate", "tls_key", "tls_name"})
    if (section.has(key))
      section.mistake(key, std::string(key) + " is not used; expected it with 'transport: tls'");
}

CollectorConfig read_collector(Section& section) {
  CollectorConfig collector;
  section.required("address", collector.address, parse_endpoint);
  const bool known = section.optional("transport", collector.transport,
                                      OneOf<SyslogTransport>{{{"tls", SyslogTransport::tls},
                                                              {"tcp", SyslogTransport::tcp},
                                                              {"udp", SyslogTransport::udp}}}) ||
                     !section.has("transport");
  section.optional("tls_ca", collector.tls_ca, parse_text);
  section.optional("tls_certificate", collector.tls_certificate, parse_text);
  section.optional("tls_key", collector.tls_key, parse_text);
  section.optional("tls_name", collector.tls_name, parse_text);
  if (known) check_tls(section, collector);
  section.finish();
  return collector;
}

void read_collectors(Section& section, SyslogConfig& syslog) {
  if (!section.require("collectors", "a list of {address: ADDRESS:PORT, tls_ca: FILE}")) return;
  for (const Value& value : section.list("collectors", Section::Empty::refused)) {
    Section entry = section.element(value, "collector");
    const CollectorConfig collector = read_collector(entry);
    const auto same = [&](const CollectorConfig& other) {
      return other.address == collector.address && other.transport == collector.transport;
    };
    if (!collector.address.address.empty() && std::ranges::any_of(syslog.collectors, same))
      section.mistake(value, "this collector is listed above; expected it once");
    syslog.collectors.push_back(collector);
  }
  if (syslog.collectors.size() > kCollectorsMax)
    section.mistake("collectors", "too many collectors; expected at most " + std::to_string(kCollectorsMax));
}

}  // namespace

void read_syslog(Section& root, Config& config) {
  using dataplane::SessionLog;
  if (!root.has("syslog")) return;
  if (config.dataplane.function != dataplane::Function::firewall)
    root.mistake("syslog",
                 "syslog with 'function: router', which has no sessions, translations or rules; expected "
                 "'function: firewall'");
  dataplane::LogConfig& log = config.dataplane.log;
  log = {.sessions = SessionLog::by_rule, .translations = true, .rules = true};
  Section section = root.section("syslog");
  read_collectors(section, config.syslog);
  section.optional("facility", config.syslog.facility, facilities());
  section.optional(
      "sessions", log.sessions,
      OneOf<SessionLog>{
          {{"all", SessionLog::all}, {"by_rule", SessionLog::by_rule}, {"none", SessionLog::none}}});
  section.optional("translations", log.translations, true_or_false());
  section.optional("rules", log.rules, OneOf<bool>{{{"by_rule", true}, {"none", false}}});
  if (!log.wants_any())
    section.mistake("sessions",
                    "syslog asks for nothing; expected 'sessions: all' or by_rule, 'translations: true' or "
                    "'rules: by_rule'");
  section.finish();
}

}  // namespace stillwater::appliance
