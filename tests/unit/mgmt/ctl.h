// stillwaterctl as a process.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/mgmt/node.h"
#include "tests/unit/mgmt/process.h"

namespace stillwater::mgmt::test {

[[nodiscard]] inline Finished ctl(std::vector<std::string> arguments,
                                  std::vector<std::string> environment = {}) {
  arguments.insert(arguments.begin(), STILLWATERCTL);
  return run(std::move(arguments), std::move(environment));
}

// Asks `node`, which is named by an option before the command.
[[nodiscard]] inline Finished ctl(const Node& node, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--address", "unix:" + node.socket});
  return ctl(std::move(arguments));
}

}  // namespace stillwater::mgmt::test
