#include "appliance/syslog/format.h"

#include <algorithm>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "dataplane/names.h"

namespace stillwater::appliance::syslog {
namespace {

using dataplane::CloseReason;
using dataplane::LogEndpoint;
using dataplane::LogKind;
using dataplane::LogRecord;
using dataplane::RuleAction;

// For documentation (RFC 5612): it names no vendor.
constexpr std::string_view kEnterprise = "32473";

enum Severity : unsigned { warning = 4, notice = 5, informational = 6 };

struct Kind {
  std::string_view message_id;  // MSGID
  std::string_view element;     // SD-ID, before its '@'
};

Kind kind_of(LogKind kind) {
  switch (kind) {
    case LogKind::session_opened:
      return {"session_opened", "session"};
    case LogKind::session_closed:
      return {"session_closed", "session"};
    case LogKind::binding_created:
      return {"binding_created", "binding"};
    case LogKind::binding_freed:
      return {"binding_freed", "binding"};
    case LogKind::rule_matched:
      return {"rule_matched", "rule"};
  }
  return {"-", "unknown"};
}

Severity severity_of(const LogRecord& record) {
  if (record.kind != LogKind::rule_matched) return informational;
  return record.action == RuleAction::allow ? notice : warning;
}

std::string_view name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::none:
      return "none";
    case CloseReason::fin:
      return "fin";
    case CloseReason::rst:
      return "rst";
    case CloseReason::idle:
      return "idle";
    case CloseReason::cleared:
      return "cleared";
    case CloseReason::rule:
      return "rule";
    case CloseReason::evicted:
      return "evicted";
    case CloseReason::replaced:
      return "replaced";
  }
  return "unknown";
}

class Element {
 public:
  explicit Element(std::string_view name) : text_(fmt::format("[{}@{}", name, kEnterprise)) {}

  void add(std::string_view name, std::string_view value) {
    text_ += fmt::format(" {}=\"{}\"", name, escaped(value));
  }
  void add(std::string_view name, std::uint64_t value) { text_ += fmt::format(" {}=\"{}\"", name, value); }
  // "src" and "sport"; nothing where there is no endpoint.
  void add(std::string_view address, std::string_view port, const LogEndpoint& endpoint) {
    if (endpoint.address.is_none()) return;
    add(address, dataplane::to_text(endpoint.address));
    add(port, std::uint64_t{endpoint.port});
  }
  [[nodiscard]] std::string take() { return std::move(text_) + "]"; }

 private:
  std::string text_;
};

std::string port_name(std::uint16_t index, const Origin& origin) {
  return index < origin.ports.size() ? origin.ports[index] : std::to_string(index);
}

// What was translated is told beside what it was.
void add_endpoints(Element& out, const LogRecord& record) {
  out.add("src", "sport", record.source);
  out.add("dst", "dport", record.destination);
  if (record.translated_source != record.source) out.add("xsrc", "xsport", record.translated_source);
  if (record.translated_destination != record.destination)
    out.add("xdst", "xdport", record.translated_destination);
}

std::string structured_data(const LogRecord& record, const Origin& origin) {
  Element out(kind_of(record.kind).element);
  out.add("proto", std::uint64_t{record.protocol});
  add_endpoints(out, record);
  out.add("in", port_name(record.in_port, origin));
  out.add("out", port_name(record.out_port, origin));
  if (record.rule_id != 0) out.add("rule", std::uint64_t{record.rule_id});
  if (record.kind == LogKind::rule_matched) out.add("action", dataplane::name_of(record.action));
  if (record.ports > 1) out.add("ports", std::uint64_t{record.ports});
  if (record.kind == LogKind::session_closed) {
    out.add("reason", name_of(record.reason));
    out.add("age_ms", static_cast<std::uint64_t>(std::max(record.age, Nanos(0)) / 1ms));
  }
  return out.take();
}

// "2026-11-28T19:30:00.000123Z": section 6.2.3 allows no more than six digits of a second.
std::string timestamp(WallTime at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     micros);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

std::string format(const LogRecord& record, WallTime at, const Origin& origin) {
  const unsigned priority = origin.facility * 8u + severity_of(record);
  return fmt::format("<{}>1 {} {} stillwater {} {} {}", priority, timestamp(at), origin.node, origin.process,
                     kind_of(record.kind).message_id, structured_data(record, origin));
}

std::string lost_element(std::uint64_t records) {
  Element out("lost");
  out.add("records", records);
  return out.take();
}

}  // namespace stillwater::appliance::syslog
