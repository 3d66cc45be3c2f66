// Answers as an operator reads them. Pure functions: a message in, lines of text out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stillwater/v1/stillwater.pb.h"

namespace stillwater::mgmt::cli {

[[nodiscard]] std::string status_text(const v1::NodeStatus& status);
[[nodiscard]] std::string sessions_text(const std::vector<v1::Session>& sessions, std::uint64_t limit);
[[nodiscard]] std::string bindings_text(const std::vector<v1::Binding>& bindings, std::uint64_t limit);
[[nodiscard]] std::string routes_text(const std::vector<v1::Route>& routes, std::uint64_t limit);
[[nodiscard]] std::string policy_text(const v1::Policy& policy);

}  // namespace stillwater::mgmt::cli
