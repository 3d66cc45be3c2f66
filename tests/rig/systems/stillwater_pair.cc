#include "tests/rig/systems/stillwater_pair.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/un.h>

#include "tests/rig/process/command.h"
#include "tests/rig/report/report.h"
#include "tests/rig/systems/pair_network.h"
#include "tests/rig/systems/witness.h"

namespace stillwater::rig {
namespace {

constexpr std::size_t kTailLines = 20;
constexpr std::size_t kSmallDiskBytes = 8 << 20;

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail_errno("cannot read " + path, errno);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

Plan StillwaterPair::plan() const { return with_witness(pair_network(DataPorts::of_the_daemon)); }

Node StillwaterPair::node(NodeId id) const {
  Node node{.space = name_of(id), .inside = {"in0"}, .outside = {"out0"}, .replication = {"repl0"}};
  node.second_cable = {"repl1"};
  node.arbiter = {"wit0"};
  node.folder = folder(id);
  if (machine(id).daemon) node.processes = {machine(id).daemon->pid()};
  return node;
}

Status StillwaterPair::start(const Topology& topology) {
  topology_ = &topology;
  std::error_code none;
  std::filesystem::remove_all(witness_folder(), none);  // of an earlier run into this folder
  if (secured()) {
    if (Status made = authority_.make(paths_.client); !made) return made;
  }
  if (Status started = start_witness(); !started) return started;
  for (const NodeId id : {NodeId::active, NodeId::standby}) {
    if (paths_.small_disks) {
      auto disk = SmallDisk::mount_on(folder(id), kSmallDiskBytes);
      if (!disk) return tl::unexpected(disk.error());
      machine(id).disk.emplace(std::move(*disk));
    }
    if (Status started = start_node(id); !started) return started;
  }
  return {};
}

Status StillwaterPair::kill_witness() {
  witness_gone_ = true;
  if (kill(-witness_->pid(), SIGKILL) == 0 || errno == ESRCH) return {};
  return fail_errno("cannot kill the witness", errno);
}

Status StillwaterPair::start_witness() {
  witness_.reset();
  const std::vector<std::string> security =
      secured() ? authority_.witness_arguments() : std::vector<std::string>{"--tls", "none"};
  auto witness = rig::start_witness(paths_.witness, *topology_, witness_folder(), ++witness_lives_, security);
  if (!witness) return tl::unexpected(witness.error());
  witness_.emplace(std::move(*witness));
  witness_gone_ = false;
  return {};
}

Status StillwaterPair::restart(NodeId id) {
  machine(id).daemon.reset();
  return start_node(id);
}

Status StillwaterPair::stop_in_order(NodeId id) {
  expect_gone(id);
  if (machine(id).daemon && kill(machine(id).daemon->pid(), SIGTERM) == 0) return {};
  return fail(Errc::failed_precondition, std::string("the daemon of the ") + name_of(id) + " does not run");
}

Result<std::string> StillwaterPair::configuration(NodeId id) const {
  ConfigValues values = paths_.values;
  values["node.management"] = "unix:" + socket_path(id);
  auto text = read_file(paths_.configs + "/" + machine(id).example).and_then([&](const std::string& example) {
    return with_values(example, values);
  });
  if (!text || !secured()) return text;
  return authority_.secured(*text, machine(id).name, machine(other(id)).name);
}

Status StillwaterPair::start_node(NodeId id) {
  Machine& node = machine(id);
  const std::string socket = socket_path(id);
  if (socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::invalid_argument,
                "the path " + socket + " is too long for a socket; choose another --out");
  }
  std::error_code none;
  std::filesystem::remove(socket, none);
  std::filesystem::create_directories(folder(id), none);
  const std::string config = paths_.out + "/" + node.example;
  const Status written =
      configuration(id).and_then([&](const std::string& text) { return write_file(config, text); });
  if (!written) return written;
  // A log of its own for each life: the next one must not wipe out why the last one ended.
  const std::string life = life_suffix(++node.lives);
  auto started = Child::start({paths_.daemon, "--config", config}, topology_->space(name_of(id)).fd(),
                              folder(id) + "/" + node.name + life + ".log");
  if (!started) return tl::unexpected(started.error());
  node.daemon.emplace(std::move(*started));
  node.expected_gone = false;
  return {};
}

Result<NodeStatus> StillwaterPair::status(NodeId id) const {
  return ask(id, {"status"}, Manner::in_passing).and_then(parse_node_status);
}

Status StillwaterPair::switch_over(NodeId from) {
  return ask(from, {"switchover", "--force"}, Manner::now).map([](const std::string&) {});
}

Result<std::string> StillwaterPair::ask(NodeId id, const std::vector<std::string>& words,
                                        Manner manner) const {
  std::vector<std::string> command;
  Nanos limit = 5s;
  if (manner == Manner::in_passing) {
    command = {"nice", "-n", "19"};
    limit = 60s;  // its turn may come late where a load takes all of the machine
  }
  command.insert(command.end(), {paths_.client, "--json", "--address",
                                 secured() ? kSecuredManagement : "unix:" + socket_path(id)});
  if (secured()) {
    const std::vector<std::string> caller = authority_.caller_arguments();
    command.insert(command.end(), caller.begin(), caller.end());
  }
  command.insert(command.end(), words.begin(), words.end());
  const auto said = run_command_in(topology_->space(name_of(id)).fd(), command, limit);
  if (!said) return tl::unexpected(said.error());
  if (said->exit_status != 0) {
    const std::string why = said->err.empty() ? "stillwaterctl said nothing" : said->err;
    return fail(Errc::unavailable, std::string(machine(id).name) + ": " + why.substr(0, why.find('\n')));
  }
  return said->out;
}

std::string StillwaterPair::not_ready_because() {
  const auto active = status(NodeId::active);
  if (!active) return active.error().message;
  if (active->role != "active") return "fw-a is " + active->role;
  if (!active->can_fail_over) return "fw-a cannot fail over: " + active->cannot_fail_over_because;
  return {};
}

std::string StillwaterPair::not_redundant_because() {
  for (const NodeId id : {NodeId::standby, NodeId::active}) {
    const auto node = status(id);
    if (node && node->role == "active") return node->can_fail_over ? "" : node->cannot_fail_over_because;
  }
  return "no node is active";
}

PairState StillwaterPair::state() {
  PairState state;
  std::string roles;
  unsigned leaders = 0;
  unsigned standbys = 0;
  for (const NodeId id : {NodeId::active, NodeId::standby}) {
    const std::string name = machine(id).name;
    const auto node = status(id);
    roles += (roles.empty() ? "" : ", ") + (node ? name + " is " + node->role : node.error().message);
    if (!node) continue;
    standbys += node->role == "standby" ? 1 : 0;
    if (node->digest_mismatches > 0) state.errors.push_back(name + " counts digests that differed");
    if (node->unmarked_writes > 0) state.errors.push_back(name + " counts writes without a mark");
    if (node->role != "active" && node->role != "standalone") continue;
    state.leader = ++leaders == 1 ? std::optional(id) : std::nullopt;
    if (!node->can_fail_over) roles += " (" + node->cannot_fail_over_because + ")";
    if (!node->can_fail_over) state.not_whole_because = "cannot fail over";
  }
  const bool whole = leaders == 1 && standbys == 1 && state.not_whole_because.empty();
  state.not_whole_because = whole ? "" : roles;
  return state;
}

std::optional<std::uint64_t> StillwaterPair::term() {
  std::optional<std::uint64_t> latest;
  for (const NodeId id : {NodeId::standby, NodeId::active}) {
    if (const auto node = status(id)) latest = std::max(latest.value_or(0), node->term);
  }
  return latest;
}

Result<std::optional<CheckpointFigures>> StillwaterPair::checkpoint_figures() {
  return status(NodeId::active).map([](const NodeStatus& it) { return std::optional(it.checkpoint); });
}

Result<std::string> StillwaterPair::takeover() {
  if (standby_.expected_gone) return std::string();
  return status(NodeId::standby).map([](const NodeStatus& it) { return it.last_takeover; });
}

std::string StillwaterPair::trouble() {
  if (witness_ && !witness_gone_)
    if (const auto how = witness_->ended()) return "the witness " + *how;
  for (const NodeId id : {NodeId::standby, NodeId::active}) {
    Machine& node = machine(id);
    if (!node.daemon || node.expected_gone) continue;
    if (const auto how = node.daemon->ended()) return std::string("the ") + name_of(id) + "'s daemon " + *how;
  }
  return {};
}

std::string StillwaterPair::log_tails() {
  std::string tails;
  for (const NodeId id : {NodeId::active, NodeId::standby}) {
    if (!machine(id).daemon) continue;
    const std::string& log = machine(id).daemon->log_path();
    tails += std::string("--- ") + name_of(id) + ", end of " + log + "\n" + tail_of(log, kTailLines);
  }
  return tails;
}

}  // namespace stillwater::rig
