#include "tests/rig/systems/vrrp_pair.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <sys/stat.h>
#include <sys/un.h>

#include "tests/rig/process/command.h"
#include "tests/rig/report/report.h"
#include "tests/rig/systems/pair_network.h"
#include "tests/rig/systems/template.h"

namespace stillwater::rig {
namespace {

constexpr std::size_t kTailLines = 20;
constexpr std::size_t kSmallDiskBytes = 8 << 20;
// What keepalived adds on a leader.
struct ServiceAddress {
  const char* interface;
  const char* prefix;
};
constexpr std::array<ServiceAddress, 2> kServiceAddresses{
    {{"in0", "10.80.1.1/24"}, {"out0", "10.80.2.1/24"}}};

// Addresses on the replication link, as pair_network() gives them.
const char* replication_address(NodeId id) { return id == NodeId::active ? "10.80.3.1" : "10.80.3.2"; }

std::string read_if_there(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> in_space(const Space& space, std::vector<std::string> words) {
  words.insert(words.begin(), {"ip", "netns", "exec", space.name()});
  return words;
}

}  // namespace

VrrpPair::~VrrpPair() {
  // keepalived first: it runs its notification, which needs conntrackd.
  for (Machine* machine : {&standby_, &active_}) {
    machine->keepalived.reset();
    machine->conntrackd.reset();
  }
}

Plan VrrpPair::plan() const { return pair_network(DataPorts::of_both_kernels); }

Node VrrpPair::node(NodeId id) const {
  Node node{.space = name_of(id), .inside = {"in0"}, .outside = {"out0"}, .replication = {"repl0"}};
  node.folder = folder(id);
  for (const auto* child : {&machine(id).keepalived, &machine(id).conntrackd}) {
    if (*child) node.processes.push_back((*child)->pid());
  }
  return node;
}

Status VrrpPair::start(const Topology& topology) {
  topology_ = &topology;
  for (const NodeId id : {NodeId::active, NodeId::standby}) {
    if (options_.small_disks) {
      auto disk = SmallDisk::mount_on(folder(id), kSmallDiskBytes);
      if (!disk) return tl::unexpected(disk.error());
      machine(id).disk.emplace(std::move(*disk));
    }
    if (Status written = write_configuration(id); !written) return written;
  }
  return start_node(NodeId::active);
}

Status VrrpPair::write_configuration(NodeId id) const {
  if (control(id).size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::invalid_argument, "the path " + control(id) + " is too long for a socket");
  }
  std::error_code none;
  std::filesystem::create_directories(folder(id), none);
  std::filesystem::remove(folder(id) + "/transitions.log", none);
  using Values = std::map<std::string, std::string>;
  const std::vector<std::pair<const char*, Values>> files = {
      {"keepalived.conf",
       {{"NODE", name_of(id)},
        {"FOLDER", folder(id)},
        {"PRIORITY", id == NodeId::active ? "150" : "100"},
        {"ADVERT_S", options_.advert_s}}},
      {"conntrackd.conf",
       {{"OWN_REPLICATION", replication_address(id)},
        {"PEER_REPLICATION", replication_address(other(id))},
        {"FOLDER", folder(id)},
        {"CONTROL", control(id)}}},
      {"nftables.conf", {}},
      {"primary-backup.sh", {{"FOLDER", folder(id)}}},
  };
  for (const auto& [file, values] : files) {
    const std::string text = read_if_there(options_.templates + "/keepalived/" + file + ".in");
    if (text.empty()) return fail(Errc::io, "cannot read the template of " + std::string(file));
    const std::string path = folder(id) + "/" + file;
    const Status written = fill_template(text, values).and_then([&](const std::string& filled) {
      return write_file(path, filled);
    });
    if (!written) return written;
    // keepalived takes no configuration that is executable, and no script that is not.
    const mode_t mode = path.ends_with(".sh") ? 0700 : 0600;
    if (chmod(path.c_str(), mode) != 0) return fail_errno("cannot protect " + path, errno);
  }
  return {};
}

Status VrrpPair::load_rules(NodeId id) const {
  const Space& space = topology_->space(name_of(id));
  return must_run(in_space(space, {"nft", "-f", folder(id) + "/nftables.conf"})).and_then([&] {
    // Mirrored connections carry no window: the kernel must not judge their packets by one.
    return must_run(in_space(space, {"sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=1"}));
  });
}

Status VrrpPair::start_node(NodeId id) {
  if (Status loaded = load_rules(id); !loaded) return loaded;
  Machine& node = machine(id);
  const int space = topology_->space(name_of(id)).fd();
  const std::string base = folder(id) + "/";
  const std::string life = ++node.lives == 1 ? "" : "-" + std::to_string(node.lives);
  std::error_code none;
  for (const char* leftover : {"conntrackd.lock", "ctl", "state", "keepalived.pid", "vrrp.pid"}) {
    std::filesystem::remove(base + leftover, none);
  }
  auto conntrackd = Child::start({"conntrackd", "-C", base + "conntrackd.conf"}, space,
                                 base + "conntrackd-out" + life + ".log");
  if (!conntrackd) return tl::unexpected(conntrackd.error());
  node.conntrackd.emplace(std::move(*conntrackd));
  auto keepalived = Child::start({"keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
                                  "--use-file", base + "keepalived.conf", "--pid", base + "keepalived.pid",
                                  "--vrrp_pid", base + "vrrp.pid", "--checkers_pid", base + "check.pid"},
                                 space, base + "keepalived" + life + ".log");
  if (!keepalived) return tl::unexpected(keepalived.error());
  node.keepalived.emplace(std::move(*keepalived));
  node.expected_gone = false;
  return {};
}

void VrrpPair::lose_memory(NodeId id) {
  const Space& space = topology_->space(name_of(id));
  for (const auto& [interface, prefix] : kServiceAddresses) {
    (void)run_command({"ip", "-n", space.name(), "address", "del", prefix, "dev", interface});
  }
  (void)run_command(in_space(space, {"conntrackd", "-C", folder(id) + "/conntrackd.conf", "-F"}));
}

Status VrrpPair::restart(NodeId id) {
  machine(id).keepalived.reset();
  machine(id).conntrackd.reset();
  return start_node(id);
}

Status VrrpPair::stop_in_order(NodeId id) {
  expect_gone(id);
  if (machine(id).keepalived && kill(machine(id).keepalived->pid(), SIGTERM) == 0) return {};
  return fail(Errc::failed_precondition, std::string("keepalived of the ") + name_of(id) + " does not run");
}

std::string VrrpPair::state(NodeId id) const { return first_line(read_if_there(folder(id) + "/state")); }

std::string VrrpPair::not_ready_because() {
  // Without preemption the first one leads; started together, either could be.
  if (!standby_.keepalived) {
    if (!state(NodeId::active).starts_with("primary")) return "the active is not primary yet";
    const Status started = start_node(NodeId::standby);
    return started ? "the standby has just been started" : started.error().message;
  }
  const NodeId leader = state(NodeId::active).starts_with("primary") ? NodeId::active : NodeId::standby;
  if (!state(leader).starts_with("primary")) return "neither node is primary yet";
  if (!state(other(leader)).starts_with("backup")) {
    return std::string("the ") + name_of(other(leader)) + " is not backup yet";
  }
  return {};
}

// The transitions and not the state: a leader that thaws may have taken its service back by now.
Result<std::string> VrrpPair::takeover() {
  if (standby_.expected_gone) return std::string();
  std::istringstream transitions(read_if_there(folder(NodeId::standby) + "/transitions.log"));
  std::string last;
  for (std::string line; std::getline(transitions, line);) {
    if (line.starts_with("primary")) last = line;
  }
  return last.empty() ? last : "the standby was " + last;
}

std::string VrrpPair::trouble() {
  for (const NodeId id : {NodeId::standby, NodeId::active}) {
    Machine& node = machine(id);
    if (node.expected_gone) continue;
    const std::string whose = std::string("the ") + name_of(id) + "'s ";
    if (const auto how = node.keepalived ? node.keepalived->ended() : std::nullopt) {
      return whose + "keepalived " + *how;
    }
    if (const auto how = node.conntrackd ? node.conntrackd->ended() : std::nullopt) {
      return whose + "conntrackd " + *how;
    }
  }
  return {};
}

std::string VrrpPair::log_tails() {
  std::string tails;
  for (const NodeId id : {NodeId::active, NodeId::standby}) {
    if (!machine(id).keepalived) continue;
    for (const std::string& log : {machine(id).keepalived->log_path(), folder(id) + "/conntrackd.log",
                                   folder(id) + "/transitions.log"}) {
      tails += std::string("--- ") + name_of(id) + ", end of " + log + "\n" + tail_of(log, kTailLines);
    }
  }
  return tails;
}

}  // namespace stillwater::rig
