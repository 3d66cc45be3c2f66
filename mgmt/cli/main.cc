// stillwaterctl: parse, ask, print.
#include <iostream>

#include "mgmt/cli/arguments.h"
#include "mgmt/cli/commands.h"

int main(int argc, char** argv) {
  using namespace stillwater::mgmt::cli;
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) return static_cast<int>(arguments.error());
  const auto answer = carry_out(*arguments);
  if (answer) {
    std::cout << *answer << std::flush;
    return static_cast<int>(std::cout ? Exit::ok : Exit::node_refused);
  }
  std::cerr << "stillwaterctl: " << answer.error().message << "\n";
  return static_cast<int>(answer.error().exit);
}
