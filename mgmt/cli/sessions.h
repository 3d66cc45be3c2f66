// `stillwaterctl sessions`, `bindings` and `end-sessions`.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

void add_session_commands(CLI::App& app, Arguments& arguments);

[[nodiscard]] Answer<std::string> list_sessions(Client& client, const Arguments& arguments);
[[nodiscard]] Answer<std::string> list_bindings(Client& client, const Arguments& arguments);
[[nodiscard]] Answer<std::string> end_sessions(Client& client, const Arguments& arguments);

}  // namespace stillwater::mgmt::cli
