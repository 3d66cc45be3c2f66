#include "tests/rig/systems/stillwater_pair.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/un.h>

#include "tests/rig/process/command.h"
#include "tests/rig/report/report.h"
#include "tests/rig/systems/pair_network.h"

namespace stillwater::rig {
namespace {

constexpr std::size_t kTailLines = 20;

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail_errno("cannot read " + path, errno);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string tail(const std::string& title, const std::optional<Child>& child) {
  if (!child) return {};
  return "--- " + title + ", end of " + child->log_path() + "\n" + tail_of(child->log_path(), kTailLines);
}

}  // namespace

Result<std::string> with_management(const std::string& example, const std::string& address) {
  const std::string key = "management:";
  const std::size_t at = example.find(key);
  if (at == std::string::npos || example.find(key, at + 1) != std::string::npos) {
    return fail(Errc::invalid_argument, "the example must have exactly one `management:`");
  }
  const std::size_t end = std::min(example.find('\n', at), example.size());
  return example.substr(0, at) + key + " " + address + example.substr(end);
}

Plan StillwaterPair::plan() const { return pair_network(DataPorts::of_the_daemon); }

Status StillwaterPair::start(const Topology& topology) {
  return start_node("fw-a", "firewall-a.yaml", topology.space("active"), active_).and_then([&] {
    return start_node("fw-b", "firewall-b.yaml", topology.space("standby"), standby_);
  });
}

Status StillwaterPair::start_node(const std::string& node, const std::string& example, const Space& space,
                                  std::optional<Child>& child) {
  const std::string socket = socket_path(node);
  if (socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::invalid_argument,
                "the path " + socket + " is too long for a socket; choose another --out");
  }
  std::error_code none;
  std::filesystem::remove(socket, none);
  const std::string config = paths_.out + "/" + example;
  const Status written =
      read_file(paths_.configs + "/" + example)
          .and_then([&](const std::string& text) { return with_management(text, "unix:" + socket); })
          .and_then([&](const std::string& text) { return write_file(config, text); });
  if (!written) return written;
  auto started =
      Child::start({paths_.daemon, "--config", config}, space.fd(), paths_.out + "/" + node + ".log");
  if (!started) return tl::unexpected(started.error());
  child.emplace(std::move(*started));
  return {};
}

Result<NodeStatus> StillwaterPair::status(const std::string& node) const {
  const auto said =
      run_command({paths_.client, "--address", "unix:" + socket_path(node), "--json", "status"}, 5s);
  if (!said) return tl::unexpected(said.error());
  if (said->exit_status != 0) {
    const std::string words = said->err.empty() ? "stillwaterctl said nothing" : said->err;
    return fail(Errc::unavailable, node + ": " + words.substr(0, words.find('\n')));
  }
  return parse_node_status(said->out);
}

std::string StillwaterPair::not_ready_because() {
  const auto active = status("fw-a");
  if (!active) return active.error().message;
  if (active->role != "active") return "fw-a is " + active->role;
  if (!active->can_fail_over) return "fw-a cannot fail over: " + active->cannot_fail_over_because;
  return {};
}

Result<std::optional<CheckpointFigures>> StillwaterPair::checkpoint_figures() {
  return status("fw-a").map([](const NodeStatus& it) { return std::optional(it.checkpoint); });
}

Result<std::string> StillwaterPair::takeover() {
  return status("fw-b").map([](const NodeStatus& it) { return it.last_takeover; });
}

std::string StillwaterPair::trouble() {
  const auto ended = [](std::optional<Child>& child) { return child ? child->ended() : std::nullopt; };
  if (const auto how = ended(standby_)) return "the standby's daemon " + *how;
  if (active_killed_) return {};
  if (const auto how = ended(active_)) return "the active's daemon " + *how;
  return {};
}

std::string StillwaterPair::log_tails() { return tail("active", active_) + tail("standby", standby_); }

}  // namespace stillwater::rig
