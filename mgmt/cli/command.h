// What the files that declare commands share. Of this folder only.
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "mgmt/cli/arguments.h"

namespace stillwater::mgmt::cli {

// A subcommand that, when given, decides what to do. Options of the program may follow its name.
inline CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& help,
                             Arguments& arguments, Command command) {
  auto* sub = app.add_subcommand(name, help)->fallthrough();
  sub->callback([&arguments, command] { arguments.command = command; });
  return sub;
}

// An option that takes a duration within [least, most] and hands it to `use`.
CLI::Option* add_duration(CLI::App& app, const std::string& name, Nanos least, Nanos most,
                          std::function<void(Nanos)> use, const std::string& help);

}  // namespace stillwater::mgmt::cli
