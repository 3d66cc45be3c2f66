#include "tests/rig/demo/options.h"

#include <filesystem>

#include <CLI/CLI.hpp>

namespace stillwater::rig {
namespace {

constexpr const char* kAbout =
    "Puts a firewall pair under load in network namespaces, kills its active node, and says what survived.\n"
    "Exit status: 0 good, 1 bad, 2 usage, 3 could not run, 130 interrupted.";

void describe(CLI::App& app, DemoOptions& options) {
  app.add_option("--bin", options.bin, "Build folder: holds appliance/stillwaterd and mgmt/stillwaterctl")
      ->required();
  app.add_option("--out", options.out, "Folder for report.json, logs, configurations (default: BIN/demo)");
  app.add_option("--configs", options.configs, "Folder of the example configurations")->capture_default_str();
  app.add_option("--seconds-before", options.seconds_before, "Steady load before the fault")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_option("--seconds-after", options.seconds_after, "Load after the fault")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_option("--connections", options.connections, "Long-lived TCP connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 50000));
  app.add_option("--probe-pps", options.probe_pps, "UDP probes a second")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  app.add_option("--new-per-s", options.new_per_s, "New TCP connections a second; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, 800));
  app.add_flag("--json", options.json, "Print the report as JSON instead of a table");
  app.add_option("--fault", options.fault, "What happens to the active node")
      ->capture_default_str()
      ->check(CLI::IsMember({"kill", "none"}));
  app.add_option("--system", options.system, "What stands between client and server")
      ->capture_default_str()
      ->check(CLI::IsMember({"stillwater", "linux"}));
}

}  // namespace

bool parse_command_line(int argc, char** argv, DemoOptions& options, Exit& exit) {
  CLI::App app(kAbout, "stillwater-demo");
  options.configs = RIG_CONFIGS_DIR;
  describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit = app.exit(error) == 0 ? Exit::good : Exit::usage;
    return false;
  }
  if (options.out.empty()) options.out = options.bin + "/demo";
  for (std::string* path : {&options.bin, &options.out, &options.configs}) {
    *path = std::filesystem::absolute(*path).lexically_normal();
  }
  return true;
}

}  // namespace stillwater::rig
