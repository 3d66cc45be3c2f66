// What a worker notes for the logs: who had which address and port when, and which rule decided.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/clock.h"
#include "base/ip_address.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

enum class LogKind : std::uint8_t {
  session_opened,
  session_closed,
  binding_created,  // an external endpoint was given to an internal one (RFC 6888 REQ-12)
  binding_freed,
  rule_matched,
};

// Why a session ended.
enum class CloseReason : std::uint8_t {
  none,      // of other kinds
  fin,       // both sides closed it
  rst,       // one side reset it
  idle,      // it saw no packet for its time-out
  cleared,   // by an operator
  rule,      // the rules of today do not admit it
  evicted,   // it gave way to others, the table being full
  replaced,  // its initiator opened another in its place before both sides had closed it
};

struct LogEndpoint {
  IpAddress address{};  // none: there is nothing to tell
  std::uint16_t port = 0;

  friend bool operator==(const LogEndpoint&, const LogEndpoint&) = default;
};

// Of either family. Ports are in host byte order; of ICMP both are the identifier. Not in the region, and no
// part of it: `at` is the host's.
struct LogRecord {
  std::uint64_t depends_epoch = 0;  // it may be told when that is committed
  Instant at{0};                    // CLOCK_BOOTTIME, of the worker's turn
  Nanos age{0};                     // session_closed: since it was opened, by the region's clock
  std::uint32_t rule_id = 0;        // 0: none
  LogKind kind = LogKind::session_opened;
  CloseReason reason = CloseReason::none;
  RuleAction action = RuleAction::deny;  // rule_matched
  std::uint8_t protocol = 0;             // IANA's number
  std::uint16_t in_port = 0;             // where the initiator is: index of the configuration
  std::uint16_t out_port = 0;
  LogEndpoint source{};  // as the initiator sends; of a binding the internal endpoint, and no destination
  LogEndpoint destination{};
  LogEndpoint translated_source{};  // as the responder receives; of a binding the external endpoint
  LogEndpoint translated_destination{};
  std::uint16_t ports = 1;  // of a binding: so many from translated_source.port on
};
static_assert(sizeof(LogRecord) == 112 && std::is_trivially_copyable_v<LogRecord>);

}  // namespace stillwater::dataplane
