// stillwaterd: one node of a fault-tolerant pair.
#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "appliance/appliance.h"
#include "appliance/config/config.h"
#include "base/command_line/completion.h"
#include "mgmt/daemon.h"

namespace stillwater::appliance {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitConfiguration = 2;

// Returns when a signal asks to stop, or the node says that it cannot go on. Tells systemd that the node
// lives, as long as its thread goes on.
int wait_for_end(const sigset_t& signals, const Appliance& appliance) {
  const bool is_watched = sd_watchdog_enabled(0, nullptr) > 0;
  for (std::uint64_t seen = 0;;) {
    if (is_watched && appliance.pulse() != seen) {
      seen = appliance.pulse();
      sd_notify(0, "WATCHDOG=1");
    }
    const timespec patience{0, 100'000'000};
    const int signal = sigtimedwait(&signals, nullptr, &patience);
    if (signal == SIGHUP) {
      spdlog::warn("a running node does not read its configuration anew; restart it");
    } else if (signal > 0) {
      spdlog::info("stopping on {}", strsignal(signal));
      return 0;
    }
    if (appliance.failed()) return kExitFailure;
  }
}

int run(const Config& config) {
  const sigset_t signals = mgmt::block_ending_signals();
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the peer may have closed
  auto appliance = Appliance::start(config);
  if (!appliance) {
    spdlog::critical("{}", appliance.error().message);
    return kExitFailure;
  }
  sd_notify(0, "READY=1");
  const int status = wait_for_end(signals, **appliance);
  sd_notify(0, "STOPPING=1");
  (*appliance)->stop();
  spdlog::info("stopped");
  return status;
}

}  // namespace
}  // namespace stillwater::appliance

int main(int argc, char** argv) {
  using namespace stillwater::appliance;
  CLI::App app{
      "stillwaterd: one node of a fault-tolerant firewall pair\n\n"
      "SIGTERM and SIGINT stop it; an active then hands over to its standby first.\n"
      "Exit status: 0 stopped as asked, 1 could not start or go on, 2 wrong configuration or usage."};
  std::string path;
  bool check = false;
  app.add_option("--config", path, "configuration file (YAML), see docs/configuration.md")
      ->required()
      ->type_name("FILE");
  app.add_flag("--check", check, "only validate the configuration");
  app.name("stillwaterd");
  stillwater::add_completion(app);
  app.set_version_flag("--version", std::string("stillwaterd ") + STILLWATER_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitConfiguration;
  }
  const auto config = load_config(path);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return kExitConfiguration;
  }
  if (check) {
    std::printf("%s: ok\n", path.c_str());
    return 0;
  }
  stillwater::mgmt::set_up_log(config->log_level);
  return run(*config);
}
