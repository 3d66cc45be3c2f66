// `stillwaterctl trace` and `stillwaterctl ping`.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

void add_probe_commands(CLI::App& app, Arguments& arguments);

[[nodiscard]] Answer<std::string> trace(Client& client, const Arguments& arguments);
// One request after the other; a line each goes to stdout as it is answered. Node_refused, if none was.
[[nodiscard]] Answer<std::string> ping(Client& client, const Arguments& arguments);

}  // namespace stillwater::mgmt::cli
