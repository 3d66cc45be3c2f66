// The faults that signals and links are made of: a process dies, a machine loses power, a machine stands
// still, a cable is cut.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/rig/faults/fault.h"
#include "tests/rig/faults/link_switch.h"

namespace stillwater::rig {

enum class Processes { none, first, all };
enum class Links { none, all, data, inside, outside, replication, second_cable, arbiter };
enum class Undo {
  none,
  thaw,      // SIGCONT
  links_up,  // the cut cables are plugged in again
  boot,      // links up and processes started anew
};

struct NodeBlow {
  std::string name;
  std::vector<NodeId> nodes;
  int signal = 0;  // to the process groups
  Processes processes = Processes::none;
  Links links = Links::none;
  Undo undo = Undo::none;
  Expectation expectation{};
};

// Signals first, then links, node by node: a process that saw its carrier go might still say something.
class NodeBlowFault final : public Fault {
 public:
  // Healed `heals_after` the strike; none: never, except that a stopped process is continued at destruction.
  NodeBlowFault(NodeBlow blow, std::optional<Nanos> heals_after, const FaultContext& context)
      : blow_(std::move(blow)), heals_after_(heals_after), context_(context) {}
  ~NodeBlowFault() override;

  [[nodiscard]] std::string name() const override { return blow_.name; }
  [[nodiscard]] Expectation expectation() const override { return blow_.expectation; }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override;
  [[nodiscard]] Result<Struck> heal() override;

 private:
  struct Target {
    NodeId id;
    bool has_processes;
    LinkSwitch links;
    std::vector<pid_t> stopped{};  // groups
  };
  [[nodiscard]] Status signal_all();
  [[nodiscard]] Status thaw();
  // The groups that it is for, as they are now: another fault may have ended or restarted some.
  [[nodiscard]] std::vector<pid_t> groups_now(NodeId id) const;
  [[nodiscard]] Status set_links(bool up);
  [[nodiscard]] Status boot();

  NodeBlow blow_;
  std::optional<Nanos> heals_after_;
  FaultContext context_;
  std::vector<Target> targets_;
};

}  // namespace stillwater::rig
