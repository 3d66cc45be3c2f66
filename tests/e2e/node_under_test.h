// One stillwaterd in a namespace of the pair's network, with a configuration of the test's making.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/e2e/eventually.h"
#include "tests/rig/process/child.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::e2e {

// Where the build put the programs, and a folder of this test's own.
struct Places {
  std::string daemon;
  std::string client;
  std::string witness;
  std::string configs;
  std::string out;
};
[[nodiscard]] Places places(const std::string& test_name);

// Starts, asks and ends one daemon. Ends it when destroyed. One thread.
class NodeUnderTest {
 public:
  // `name` is fw-a or fw-b, whose example configuration is taken; `edit` may change its text.
  NodeUnderTest(const Places& places, std::string name, const rig::Space& space,
                const std::function<std::string(std::string)>& edit = {});

  void start();
  // Starts run this build's daemon of that name, instead of stillwaterd.
  void use_daemon(const std::string& name);
  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  // SIGTERM, and waits.
  void stop() { child_->stop(10s); }
  void kill();
  // The exit status if it ends within `limit`; -1 if it does not, or by a signal.
  [[nodiscard]] int exit_status_within(Nanos limit);

  // What `stillwaterctl --json WORDS...` says; null where it fails.
  [[nodiscard]] nlohmann::json ask(const std::vector<std::string>& words) const;
  // Whether stillwaterctl ends with 0.
  [[nodiscard]] bool obeys(const std::vector<std::string>& words) const;
  // What stillwaterctl says that it does not do, which it has to say.
  [[nodiscard]] std::string refusal(const std::vector<std::string>& words) const;
  [[nodiscard]] nlohmann::json status() const { return ask({"status"}); }
  [[nodiscard]] std::string role() const { return status().value("role", std::string()); }
  [[nodiscard]] std::string log() const;
  // Of all its starts.
  [[nodiscard]] std::string logs() const;

 private:
  [[nodiscard]] std::string log_path(unsigned start) const {
    return places_.out + "/" + name_ + "." + std::to_string(start) + ".log";
  }
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;

  Places places_;
  std::string name_;
  std::string config_path_;
  std::string socket_path_;
  int space_fd_;
  unsigned starts_ = 0;
  std::optional<rig::Child> child_;
};

}  // namespace stillwater::e2e
