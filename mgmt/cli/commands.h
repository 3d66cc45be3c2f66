// What each subcommand asks the node and prints of the answer.
#pragma once

#include <string>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

// Carries out the command; returns what to print on stdout.
[[nodiscard]] Answer<std::string> carry_out(const Arguments& arguments);

}  // namespace stillwater::mgmt::cli
