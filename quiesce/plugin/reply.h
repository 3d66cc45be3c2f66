// Answers as names and values, in the order in which they are printed. Telemetry has no booleans: 0 and 1.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "quiesce/plugin/status.h"

namespace stillwater::quiesce::plugin {

struct Field {
  const char* name;
  std::variant<std::uint64_t, std::string, std::vector<std::uint64_t>> value;
};
using Reply = std::vector<Field>;

[[nodiscard]] Reply reply_of(const Indication& indication);
[[nodiscard]] Reply reply_of(const AgentStatus& status);
// `state`: what the agent is in after the failure.
[[nodiscard]] Reply reply_of(const Error& error, State state);

}  // namespace stillwater::quiesce::plugin
