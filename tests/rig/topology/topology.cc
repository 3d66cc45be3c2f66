#include "tests/rig/topology/topology.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "tests/rig/process/command.h"

namespace stillwater::rig {
namespace {

constexpr const char* kPrefix = "swrig";

// The first error of doing `work` to each element.
template <class Elements, class Work>
Status for_each(const Elements& elements, const Work& work) {
  for (const auto& element : elements) {
    if (Status status = work(element); !status) return status;
  }
  return {};
}

}  // namespace

Result<Topology> Topology::build(const Plan& plan, const std::string& prefix) {
  Topology topology(prefix);
  if (Status made = topology.make(plan); !made) return tl::unexpected(made.error());
  return topology;
}

Status Topology::make(const Plan& plan) {
  return for_each(plan.spaces, [&](const std::string& name) { return make_space(name); })
      .and_then([&] { return for_each(plan.settings, [&](const Setting& it) { return apply(it); }); })
      .and_then([&] { return for_each(plan.bridges, [&](const Bridge& it) { return make(it); }); })
      .and_then([&] { return for_each(plan.links, [&](const Link& it) { return make(it); }); })
      .and_then([&] { return for_each(plan.routes, [&](const Route& it) { return make(it); }); });
}

Status Topology::make_space(const std::string& name) {
  auto space = Space::create(real_name(name));
  if (!space) return tl::unexpected(space.error());
  spaces_.emplace(name, std::move(*space));
  // Before any interface exists: router solicitations of a new link would be frames that nobody asked for.
  for (const char* scope : {"all", "default"}) {
    const std::string path = std::string("net/ipv6/conf/") + scope + "/disable_ipv6";
    if (Status off = apply({name, path, "1"}); !off) return off;
  }
  return ip(name, {"link", "set", "lo", "up"});
}

Status Topology::apply(const Setting& setting) {
  return inside_space(space(setting.space).fd(), [&]() -> Status {
    std::ofstream file("/proc/sys/" + setting.path);
    file << setting.value << std::flush;
    if (!file) return fail(Errc::io, "cannot set " + setting.path + " to " + setting.value);
    return {};
  });
}

Status Topology::make(const Bridge& bridge) {
  return ip(bridge.space, {"link", "add", bridge.name, "type", "bridge", "stp_state", "0", "forward_delay",
                           "0", "mcast_snooping", "0"})
      .and_then([&] {
        return ip(bridge.space, {"link", "set", bridge.name, "up"});
      });
}

Status Topology::make(const Link& link) {
  return ip(link.a.space, {"link", "add", link.a.name, "type", "veth", "peer", "name", link.b.name, "netns",
                           real_name(link.b.space)})
      .and_then([&] { return finish(link.a); })
      .and_then([&] { return finish(link.b); });
}

Status Topology::finish(const LinkEnd& end) {
  std::vector<std::string> words{"link", "set", end.name, "arp", end.arp ? "on" : "off"};
  if (!end.mac.empty()) words.insert(words.end(), {"address", end.mac});
  if (!end.bridge.empty()) words.insert(words.end(), {"master", end.bridge});
  words.emplace_back("up");
  const Status address =
      end.address.empty() ? Status{} : ip(end.space, {"address", "add", end.address, "dev", end.name});
  return address
      .and_then([&] {
        return must_run(
            {"ip", "netns", "exec", real_name(end.space), "ethtool", "-K", end.name, "tx", "off"});
      })
      .and_then([&] { return ip(end.space, words); });
}

Status Topology::make(const Route& route) {
  return ip(route.space, {"route", "add", route.to, "via", route.via});
}

Status Topology::ip(const std::string& space, std::vector<std::string> words) const {
  words.insert(words.begin(), {"ip", "-n", real_name(space)});
  return must_run(words);
}

std::string own_prefix() { return kPrefix + std::to_string(getpid()); }

std::vector<std::string> leftover_spaces() {
  std::vector<std::string> leftovers;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    const int pid = std::atoi(name.c_str() + std::string(kPrefix).size());
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) leftovers.push_back(name);
  }
  return leftovers;
}

}  // namespace stillwater::rig
