// `stillwaterctl pki`: its part of the command line.
#pragma once

#include "mgmt/cli/arguments.h"

namespace CLI {
class App;
}  // namespace CLI

namespace stillwater::mgmt::cli {

// `arguments` must outlive the parsing.
void add_pki_commands(CLI::App& app, Arguments& arguments);

}  // namespace stillwater::mgmt::cli
