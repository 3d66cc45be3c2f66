// A system under test that serves nobody: a harmless process on each of two nodes, with links to take down.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/stat.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/rig/process/child.h"
#include "tests/rig/systems/small_disk.h"
#include "tests/rig/systems/system.h"

namespace stillwater::rig {

class HarmlessPair final : public System {
 public:
  HarmlessPair(std::string folder, bool small_disk) : folder_(std::move(folder)), small_disk_(small_disk) {}

  [[nodiscard]] std::string name() const override { return "harmless"; }
  [[nodiscard]] Plan plan() const override {
    Plan plan;
    plan.spaces = {"net", "active", "standby"};
    for (const char* space : {"active", "standby"}) {
      for (const char* port : {"in0", "out0", "repl0", "repl1", "wit0"}) {
        plan.links.push_back(
            {{.space = space, .name = port}, {.space = "net", .name = std::string(port) + "-" + space}});
      }
    }
    return plan;
  }
  [[nodiscard]] Status start(const Topology& topology) override {
    topology_ = &topology;
    std::filesystem::create_directories(folder_ + "/active");
    if (small_disk_) {
      auto disk = SmallDisk::mount_on(folder_ + "/active", 1 << 20);
      if (!disk) return tl::unexpected(disk.error());
      disk_.emplace(std::move(*disk));
    }
    return restart(NodeId::active).and_then([this] { return restart(NodeId::standby); });
  }
  [[nodiscard]] std::string not_ready_because() override { return {}; }
  [[nodiscard]] Node node(NodeId id) const override {
    const auto& child = id == NodeId::active ? active_ : standby_;
    Node node{.space = name_of(id), .inside = {"in0"}, .outside = {"out0"}, .replication = {"repl0"}};
    node.second_cable = {"repl1"};
    node.arbiter = {"wit0"};
    if (child) node.processes = {child->pid()};
    node.folder = folder_ + "/" + name_of(id);
    return node;
  }
  void expect_gone(NodeId id) override { gone.push_back(id); }
  void lose_memory(NodeId id) override { forgotten.push_back(id); }
  [[nodiscard]] Status restart(NodeId id) override {
    auto& child = id == NodeId::active ? active_ : standby_;
    child.reset();
    const std::string fifo = folder_ + "/fifo";
    // A new one each time: the other node's process still holds its own.
    std::filesystem::remove(fifo);
    (void)mkfifo(fifo.c_str(), 0600);
    const UniqueFd begun(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    auto started = Child::start({RIG_HARMLESS, fifo}, topology_->space(name_of(id)).fd(), folder_ + "/log");
    if (!started) return tl::unexpected(started.error());
    child.emplace(std::move(*started));
    pollfd news{begun.get(), POLLIN, 0};
    if (poll(&news, 1, 30000) == 1) return {};
    return fail(Errc::timed_out, "the harmless process did not begin");
  }
  [[nodiscard]] bool can_switch_over() const override { return switches_over; }
  [[nodiscard]] Status switch_over(NodeId from) override {
    led_from.push_back(from);
    return {};
  }
  [[nodiscard]] Status stop_in_order(NodeId id) override {
    expect_gone(id);
    kill(node(id).processes.front(), SIGTERM);
    return {};
  }
  [[nodiscard]] bool has_witness() const override { return witness.has_value(); }
  [[nodiscard]] Status kill_witness() override {
    witness = false;
    return {};
  }
  [[nodiscard]] Status start_witness() override {
    witness = true;
    return {};
  }
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::string> takeover() override { return std::string(); }
  [[nodiscard]] std::string trouble() override { return {}; }
  [[nodiscard]] std::string log_tails() override { return {}; }

  [[nodiscard]] Result<OwnFault> own_fault(const std::string& fault) override {
    return own ? *own : System::own_fault(fault);
  }

  std::optional<OwnFault> own;
  std::optional<bool> witness{true};  // whether it lives; none: there is none
  std::vector<NodeId> gone;
  std::vector<NodeId> led_from;
  bool switches_over = true;
  std::vector<NodeId> forgotten;

 private:
  std::string folder_;
  bool small_disk_;
  const Topology* topology_ = nullptr;
  std::optional<SmallDisk> disk_;
  std::optional<Child> active_;
  std::optional<Child> standby_;
};

// Whether the process behind a pid ends within 30 s. Made while it lives; one that has gone has ended.
class Ending {
 public:
  explicit Ending(pid_t pid) : handle_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  [[nodiscard]] bool comes(int limit_ms = 30000) const {
    if (!handle_) return true;
    pollfd end{handle_.get(), POLLIN, 0};
    return poll(&end, 1, limit_ms) == 1;
  }

 private:
  UniqueFd handle_;
};

}  // namespace stillwater::rig
