// Runs a program to its end.
#pragma once

#include <string>
#include <vector>

namespace stillwater::mgmt::test {

struct Finished {
  int exit = -1;  // exit status; -1: it was killed, by a signal or after 30 s
  std::string out;
  std::string err;
};

// `environment` is all of its environment, as NAME=VALUE.
[[nodiscard]] Finished run(std::vector<std::string> command, std::vector<std::string> environment = {});

}  // namespace stillwater::mgmt::test
