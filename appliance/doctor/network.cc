#include <algorithm>
#include <charconv>
#include <cstring>
#include <sstream>

#include <arpa/inet.h>

#include <fmt/format.h>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

struct Listener {
  std::string what;  // "replication", "heartbeats", "management"
  Endpoint at;
  bool tcp = true;
};

std::optional<IpAddress> address_of(const std::string& text) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return IpAddress::v4(v4.s_addr);
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IpAddress::v6(&v6);
  return std::nullopt;
}

// "10.0.0.1:7701" or "[2001:db8::1]:7701".
std::optional<Endpoint> endpoint_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Endpoint found;
  if (colon == std::string::npos) return std::nullopt;
  found.address = text.substr(0, colon);
  if (found.address.starts_with('[')) found.address = found.address.substr(1, found.address.size() - 2);
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), found.port);
  return found;
}

std::vector<Listener> listeners_of(const Config& config) {
  std::vector<Listener> all;
  if (config.replication.enabled) {
    for (const PathConfig& path : config.replication.paths) {
      all.push_back({"replication", path.listen, true});
      all.push_back({"heartbeats", path.listen, false});
    }
    for (const PathConfig& path : config.replication.heartbeat_paths)
      all.push_back({"heartbeats", path.listen, false});
  }
  if (!config.profile.management.starts_with("unix:"))
    if (const auto at = endpoint_of(config.profile.management)) all.push_back({"management", *at, true});
  return all;
}

// A socket's own address in /proc/net: words of 32 bits in hexadecimal, each as this machine has them, and
// the port.
std::string kernel_form(const IpAddress& address, std::uint16_t port) {
  std::string text;
  for (std::size_t word = address.is_v4() ? 3 : 0; word < 4; ++word) {
    std::uint32_t value = 0;
    std::memcpy(&value, address.bytes.data() + 4 * word, sizeof(value));
    text += fmt::format("{:08X}", value);
  }
  return text + fmt::format(":{:04X}", port);
}

// The inode of the socket that listens there, or at every address of the host's.
std::optional<std::string> inode_at(const Host& host, const IpAddress& address, const Listener& listener) {
  constexpr const char* kListening = "0A";
  constexpr std::size_t kLocal = 1, kState = 3, kInode = 9;  // columns
  const IpAddress any = address.is_v4() ? IpAddress::v4(0) : IpAddress{};
  for (const char* family : {"", "6"}) {
    std::istringstream table(
        host.text(std::string("/proc/net/") + (listener.tcp ? "tcp" : "udp") + family).value_or(""));
    for (std::string line; std::getline(table, line);) {
      const auto words = words_of(line);
      if (words.size() <= kInode || (listener.tcp && words[kState] != kListening)) continue;
      if (words[kLocal] == kernel_form(address, listener.at.port) ||
          words[kLocal] == kernel_form(any, listener.at.port) ||
          words[kLocal] == kernel_form(IpAddress{}, listener.at.port))
        return words[kInode];
    }
  }
  return std::nullopt;
}

bool has_open(const Host& host, const std::string& files, const std::string& inode) {
  const auto names = host.names_in(files);
  return std::any_of(names.begin(), names.end(), [&](const std::string& file) {
    return host.link_name(files + "/" + file) == "socket:[" + inode + "]";
  });
}

// The name of a process that has the socket open; empty where none can be seen. The daemon's threads for
// replication have tables of files of their own.
std::string owner_of(const Host& host, const std::string& inode) {
  for (const std::string& process : host.names_in("/proc")) {
    if (process.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string at = "/proc/" + process;
    bool has_it = has_open(host, at + "/fd", inode);
    for (const std::string& thread : host.names_in(at + "/task"))
      has_it = has_it || has_open(host, at + "/task/" + thread + "/fd", inode);
    if (has_it) return host.line(at + "/comm").value_or("");
  }
  return "";
}

Finding listening_finding(const Subject& subject, const Listener& listener) {
  const std::string check = fmt::format("{} at {} {}:{}", listener.what, listener.tcp ? "TCP" : "UDP",
                                        listener.at.address, listener.at.port);
  const auto address = address_of(listener.at.address);
  if (!address) return ok(check, "a name; not looked up");
  const auto local = subject.system.addresses();
  const bool any = *address == IpAddress::v4(0) || address->is_none();
  const bool is_ours = any || std::any_of(local.begin(), local.end(), [&](const LocalAddress& one) {
                         return one.address.address == *address;
                       });
  if (!is_ours)
    return fault(check, "no interface of this host has that address", "the daemon does not start",
                 fmt::format("ip address add {}/LENGTH dev INTERFACE, or the address that this node has",
                             listener.at.address));
  const auto inode = inode_at(subject.host, *address, listener);
  if (!inode) return ok(check, "free");
  const std::string owner = owner_of(subject.host, *inode);
  if (owner == "stillwaterd") return ok(check, "in use by stillwaterd, which runs");
  return fault(
      check, "in use" + (owner.empty() ? "" : " by " + owner), "the daemon does not start",
      fmt::format("stop what ss -lnp 'sport = :{}' shows, or another port on both nodes", listener.at.port));
}

Finding peer_finding(const Subject& subject, const PathConfig& path) {
  const std::string check = "peer " + path.peer.address;
  const auto peer = address_of(path.peer.address);
  if (!peer) return ok(check, "a name; not looked up");
  for (const LocalAddress& one : subject.system.addresses())
    if (one.address.network().contains(*peer)) return ok(check, "in the network of " + one.interface);
  return advice(
      check, "in no network of this host's interfaces",
      "routers lie between the nodes: heartbeats take their way, and fail with them; packets that wait "
      "for a commit wait longer",
      "a cable or a VLAN of the two nodes' own");
}

}  // namespace

Findings check_listening(const Subject& subject) {
  Findings findings;
  for (const Listener& listener : listeners_of(*subject.config))
    findings.push_back(listening_finding(subject, listener));
  return findings;
}

Findings check_peers(const Subject& subject) {
  Findings findings;
  if (!subject.config->replication.enabled) return findings;
  for (const PathConfig& path : subject.config->replication.paths)
    findings.push_back(peer_finding(subject, path));
  for (const PathConfig& path : subject.config->replication.heartbeat_paths)
    findings.push_back(peer_finding(subject, path));
  return findings;
}

}  // namespace stillwater::appliance::doctor
