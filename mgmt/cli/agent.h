// `stillwaterctl agent`: the interface agent inside a DPDK program that is not ours (quiesce/plugin).
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

// Carries out an agent command; returns what to print on stdout.
[[nodiscard]] Answer<std::string> carry_out_agent(const Arguments& arguments);

// The rest is pure: what is sent, and what an answer says to an operator and to a script.
[[nodiscard]] std::string quiesce_parameters(const AgentOptions& options);
[[nodiscard]] Answer<nlohmann::ordered_json> understood(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string agent_quiesced_text(const nlohmann::ordered_json& answer);
[[nodiscard]] std::string agent_status_text(const nlohmann::ordered_json& status);

}  // namespace stillwater::mgmt::cli
