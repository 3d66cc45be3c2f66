#include "tests/rig/cli/commands.h"

int main(int argc, char** argv) {
  using namespace stillwater::rig;
  Options options;
  Exit exit = Exit::good;
  if (!parse_command_line(argc, argv, options, exit)) return static_cast<int>(exit);
  switch (options.act) {
    case Act::list:
      exit = list(options);
      break;
    case Act::run:
    case Act::compare:
      exit = run(options);
      break;
    case Act::matrix:
      exit = matrix(options);
      break;
    case Act::bench:
      exit = bench(options);
      break;
    case Act::report:
      exit = report(options);
      break;
  }
  return static_cast<int>(exit);
}
