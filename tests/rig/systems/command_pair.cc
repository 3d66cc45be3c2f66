#include "tests/rig/systems/command_pair.h"

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "tests/rig/process/command.h"
#include "tests/rig/systems/pair_network.h"

namespace stillwater::rig {
namespace {

constexpr std::size_t kTailLines = 20;
constexpr std::size_t kSmallDiskBytes = 8 << 20;
constexpr Nanos kActWithin = 30s;
constexpr Nanos kAnswerWithin = 2s;
constexpr const char* kPrefixLength = "/24";

// The node's own addresses, as pair_network() gives them.
std::string own_address(NodeId id, const char* network) {
  return std::string("10.80.") + network + (id == NodeId::active ? ".11" : ".12");
}
std::string replication_address(NodeId id) { return id == NodeId::active ? "10.80.3.1" : "10.80.3.2"; }

}  // namespace

std::vector<std::pair<std::string, std::string>> command_environment(const CommandSystem& commands, NodeId id,
                                                                     const std::string& folder,
                                                                     const std::string& log) {
  std::vector<std::pair<std::string, std::string>> values{
      {"NODE", name_of(id)},
      {"NODES", std::to_string(commands.nodes)},
      {"FOLDER", folder},
      {"SCENARIO_FOLDER", commands.folder},
      {"LOG", log},
      {"INSIDE", "in0"},
      {"OUTSIDE", "out0"},
      {"REPLICATION", "repl0"},
      {"SERVICE_INSIDE", std::string(kInsideAddress) + kPrefixLength},
      {"SERVICE_OUTSIDE", std::string(kOutsideAddress) + kPrefixLength},
      {"SERVICE_INSIDE_MAC", kInsideMac},
      {"SERVICE_OUTSIDE_MAC", kOutsideMac},
      {"REPLICATION_ADDRESS", replication_address(id)},
      {"PEER_REPLICATION_ADDRESS", replication_address(other(id))},
      {"CLIENT", "10.80.1.2"},
      {"SERVER", kServerAddress},
  };
  if (commands.kernel_ports && commands.nodes == 2) {
    values.emplace_back("INSIDE_ADDRESS", own_address(id, "1"));
    values.emplace_back("OUTSIDE_ADDRESS", own_address(id, "2"));
    values.emplace_back("PEER_INSIDE_ADDRESS", own_address(other(id), "1"));
    values.emplace_back("PEER_OUTSIDE_ADDRESS", own_address(other(id), "2"));
  }
  for (auto& [name, value] : values) name.insert(0, "STILLWATER_RIG_");
  return values;
}

Plan CommandPair::plan() const {
  if (!commands_.kernel_ports) return pair_network(DataPorts::of_the_daemon);
  if (commands_.nodes == 1) return pair_network(DataPorts::of_the_kernel);
  Plan plan = pair_network(DataPorts::of_both_kernels);
  // A pair that does not translate forwards the client's own address.
  plan.routes.push_back({"server", "10.80.1.0/24", kOutsideAddress});
  return plan;
}

std::vector<NodeId> CommandPair::nodes() const {
  if (commands_.nodes == 1) return {NodeId::active};
  return {NodeId::active, NodeId::standby};
}

Node CommandPair::node(NodeId id) const {
  Node node{.space = name_of(id), .inside = {"in0"}, .outside = {"out0"}, .replication = {"repl0"}};
  node.folder = folder(id);
  if (machine(id).process) node.processes = {machine(id).process->pid()};
  return node;
}

std::string CommandPair::log(NodeId id) const {
  const unsigned lives = machine(id).lives;
  return folder(id) + "/start" + (lives < 2 ? "" : "-" + std::to_string(lives)) + ".log";
}

Status CommandPair::make_folder(NodeId id) {
  if (small_disks_) {
    auto disk = SmallDisk::mount_on(folder(id), kSmallDiskBytes);
    if (!disk) return tl::unexpected(disk.error());
    machine(id).disk.emplace(std::move(*disk));
    return {};
  }
  std::error_code error;
  // What an earlier run left there would answer for this one.
  std::filesystem::remove_all(folder(id), error);
  std::filesystem::create_directories(folder(id), error);
  if (error) return fail(Errc::io, "cannot make " + folder(id) + ": " + error.message());
  return {};
}

Status CommandPair::start(const Topology& topology) {
  topology_ = &topology;
  for (const NodeId id : nodes()) {
    if (Status made = make_folder(id); !made) return made;
  }
  return start_node(NodeId::active);
}

Status CommandPair::start_node(NodeId id) {
  Machine& node = machine(id);
  ++node.lives;
  if (!commands_.setup.empty()) {
    if (Status done = carry_out(id, "setup", commands_.setup); !done) return done;
  }
  if (!commands_.start.empty()) {
    auto process = Child::start(words(id, commands_.start), topology_->space(name_of(id)).fd(), log(id));
    if (!process) return tl::unexpected(process.error());
    node.process.emplace(std::move(*process));
  }
  node.started = true;
  node.expected_gone = false;
  return {};
}

std::vector<std::string> CommandPair::words(NodeId id, const std::string& command) const {
  std::vector<std::string> words{"env"};
  for (const auto& [name, value] : command_environment(commands_, id, folder(id), log(id))) {
    words.push_back(name + "=" + value);
  }
  const auto& process = machine(id).process;
  words.push_back("STILLWATER_RIG_PID=" + (process ? std::to_string(process->pid()) : ""));
  words.insert(words.end(), {"/bin/sh", "-c", command});
  return words;
}

Status CommandPair::carry_out(NodeId id, const std::string& what, const std::string& command) const {
  const auto said = run_command_in(topology_->space(name_of(id)).fd(), words(id, command), kActWithin);
  const std::string whose = std::string("`") + what + "` of the " + name_of(id);
  if (!said) return fail(said.error().code, whose + ": " + said.error().message);
  if (said->exit_status == 0) return {};
  return fail(Errc::io, whose + " exited with status " + std::to_string(said->exit_status) + ": " +
                            said->err + said->out);
}

bool CommandPair::says_yes(NodeId id, const std::string& command) const {
  if (command.empty()) return true;
  const auto said = run_command_in(topology_->space(name_of(id)).fd(), words(id, command), kAnswerWithin);
  return said && said->exit_status == 0;
}

std::string CommandPair::unready(NodeId id) const {
  const std::string who = std::string("the ") + name_of(id);
  if (!machine(id).started || machine(id).expected_gone) return who + " does not run";
  return says_yes(id, commands_.ready) ? "" : who + " is not ready";
}

std::string CommandPair::not_ready_because() {
  if (std::string why = unready(NodeId::active); !why.empty()) return why;
  if (commands_.nodes == 1) return {};
  if (!says_yes(NodeId::active, commands_.active)) return "the active does not lead";
  if (!standby_.started) {
    const Status started = start_node(NodeId::standby);
    return started ? "the standby has just been started" : started.error().message;
  }
  if (says_yes(NodeId::standby, commands_.active)) return "both nodes lead";
  return not_redundant_because();
}

std::string CommandPair::not_redundant_because() {
  std::optional<NodeId> leader;
  for (const NodeId id : nodes()) {
    if (std::string why = unready(id); !why.empty()) return why;
    if (!leader && says_yes(id, commands_.active)) leader = id;
  }
  if (!leader) return "no node leads";
  return says_yes(*leader, commands_.redundant) ? "" : "the pair does not say that it is redundant";
}

void CommandPair::lose_memory(NodeId id) {
  if (!commands_.forget.empty()) (void)carry_out(id, "forget", commands_.forget);
}

Status CommandPair::restart(NodeId id) {
  if (commands_.start.empty()) {
    return fail(Errc::failed_precondition, name() + " has no `start` to run again");
  }
  machine(id).process.reset();
  return start_node(id);
}

Status CommandPair::stop_in_order(NodeId id) {
  expect_gone(id);
  if (!commands_.stop.empty()) return carry_out(id, "stop", commands_.stop);
  if (machine(id).process && kill(machine(id).process->pid(), SIGTERM) == 0) return {};
  return fail(Errc::failed_precondition, std::string("the ") + name_of(id) + " has nothing to stop");
}

Result<OwnFault> CommandPair::own_fault(const std::string& fault) {
  for (const CommandFaultPlan& plan : commands_.faults) {
    if (plan.name != fault) continue;
    OwnFault own;
    own.expectation = {.gone = {}, .successor = plan.successor, .loses_service = plan.loses_service};
    own.strike = [this, plan] { return carry_out(plan.on, plan.name, plan.run); };
    if (!plan.heal.empty()) {
      own.heal = [this, plan] { return carry_out(plan.on, "heal of " + plan.name, plan.heal); };
      own.heals_after = plan.heal_after;
    }
    return own;
  }
  return System::own_fault(fault);
}

Result<std::string> CommandPair::takeover() {
  if (commands_.nodes == 1 || standby_.expected_gone) return std::string();
  return says_yes(NodeId::standby, commands_.active) ? std::string("the standby leads") : std::string();
}

std::string CommandPair::trouble() {
  for (const NodeId id : nodes()) {
    Machine& node = machine(id);
    if (!node.process || node.expected_gone) continue;
    if (const auto how = node.process->ended())
      return std::string("`start` of the ") + name_of(id) + " " + *how;
  }
  return {};
}

std::string CommandPair::log_tails() {
  std::string tails;
  for (const NodeId id : nodes()) {
    if (!machine(id).process) continue;
    tails += std::string("--- ") + name_of(id) + ", end of " + log(id) + "\n" + tail_of(log(id), kTailLines);
  }
  return tails;
}

}  // namespace stillwater::rig
