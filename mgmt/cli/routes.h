// `stillwaterctl routes`: lists routes, changes one, or those of a file.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

void add_route_commands(CLI::App& app, Arguments& arguments);

[[nodiscard]] Answer<std::string> list_routes(Client& client, const Arguments& arguments);
// The change that `routes put` or `routes remove` says.
[[nodiscard]] Answer<std::string> change_route(Client& client, const Arguments& arguments);
// The changes of a file, in batches of which each is made as a whole; tells its progress on stderr where that
// is a terminal. A refused batch ends it, and its message says which lines those were.
[[nodiscard]] Answer<std::string> load_routes(Client& client, const Arguments& arguments);

}  // namespace stillwater::mgmt::cli
