// The demo's command line.
#pragma once

#include <cstdint>
#include <string>

namespace stillwater::rig {

struct DemoOptions {
  std::string bin;  // build folder
  std::string out;
  std::string configs;
  std::uint32_t seconds_before = 10;
  std::uint32_t seconds_after = 10;
  std::uint32_t connections = 1000;
  std::uint32_t probe_pps = 2000;
  std::uint32_t new_per_s = 200;
  bool json = false;
  std::string fault = "kill";
  std::string system = "stillwater";
};

// Exit statuses.
enum class Exit : int {
  good = 0,
  bad = 1,  // the verdict, or a failure while running
  usage = 2,
  cannot_run = 3,     // said before anything was started
  interrupted = 130,  // Ctrl-C, SIGTERM, SIGHUP: no verdict
};

// Returns true with `options` filled (paths absolute), or false with the status to exit with; what there is
// to say (help, mistakes) has been said then.
[[nodiscard]] bool parse_command_line(int argc, char** argv, DemoOptions& options, Exit& exit);

}  // namespace stillwater::rig
