// A DPDK program that was not written here, with the plug-in loaded, in a namespace; and ways to ask it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "tests/e2e/eventually.h"
#include "tests/rig/process/child.h"
#include "tests/rig/process/command.h"
#include "tests/rig/topology/space.h"

namespace stillwater::e2e {

// Owns the process and its folder under /run (EAL loads no plug-in from below a world-writable folder).
class DpdkProgram {
 public:
  // `eal` comes after the options that every test needs (no huge pages, no PCI, a file prefix of its own),
  // `own` after EAL's "--". Ready when its telemetry socket answers.
  DpdkProgram(const rig::Space& space, const std::string& program, std::vector<std::string> eal,
              const std::vector<std::string>& own, bool with_plugin = true);
  ~DpdkProgram();

  // A line on its standard input.
  void type(const std::string& line);
  // `stillwaterctl agent WORDS...` for this program.
  [[nodiscard]] rig::CommandOutput ctl(std::vector<std::string> words) const;
  // The same with --json; it must succeed.
  [[nodiscard]] nlohmann::json ctl_json(std::vector<std::string> words) const;
  // What the program's telemetry answers to a line, whatever the line is; null where it answers no JSON.
  [[nodiscard]] nlohmann::json ask(const std::string& line) const;
  // One column of the status, by port.
  [[nodiscard]] std::vector<std::uint64_t> column(const std::string& name) const;
  // Its polling threads came by at every port since this call, `times` times.
  [[nodiscard]] bool polls_again(std::uint64_t times = 1000) const;

  [[nodiscard]] const std::string& socket() const { return socket_; }
  [[nodiscard]] bool runs() { return !child_->ended(); }
  [[nodiscard]] std::string log() const;

 private:
  std::string prefix_;
  std::string folder_;
  std::string socket_;
  UniqueFd input_;
  std::optional<rig::Child> child_;
};

}  // namespace stillwater::e2e
