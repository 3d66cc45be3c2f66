// Log records as messages of RFC 5424: all that they say is structured data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dataplane/datapath/events/log_record.h"

namespace stillwater::appliance::syslog {

// What all messages of a process have in common.
struct Origin {
  std::string node;                // HOSTNAME
  std::string process;             // PROCID
  std::uint8_t facility = 16;      // RFC 5424 section 6.2.1
  std::vector<std::string> ports;  // names, by their place in the configuration
};

// The wall clock's time of a record that was noted at CLOCK_BOOTTIME `at`.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// One message, without the framing of a transport. It ends with its structured data, so that more may follow.
[[nodiscard]] std::string format(const dataplane::LogRecord& record, WallTime at, const Origin& origin);

// [lost@32473 records="N"]: so many messages did not get there before the one that it ends.
[[nodiscard]] std::string lost_element(std::uint64_t records);

// A PARAM-VALUE: '"', '\' and ']' are escaped (section 6.3.3).
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace stillwater::appliance::syslog
