// `stillwaterctl rules`: what the rules have decided, and other rules in their place.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

void add_rule_commands(CLI::App& app, Arguments& arguments);

[[nodiscard]] Answer<std::string> show_rules(Client& client, const Arguments& arguments);
// Of a file with the sections zones, addresses, services and rules.
[[nodiscard]] Answer<std::string> load_rules(Client& client, const Arguments& arguments);
[[nodiscard]] std::string rules_text(const v1::GetRulesResponse& rules);

}  // namespace stillwater::mgmt::cli
