// One node of a system under test, as a fault sees it.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace stillwater::rig {

// Which machine is meant. The names tell who leads when the scenario begins and stay with the machines:
// after a failover `active` is the one that failed.
enum class NodeId { active, standby };

[[nodiscard]] constexpr const char* name_of(NodeId node) {
  return node == NodeId::active ? "active" : "standby";
}
[[nodiscard]] constexpr NodeId other(NodeId node) {
  return node == NodeId::active ? NodeId::standby : NodeId::active;
}

struct Node {
  std::string space;  // name in the plan
  // Leaders of the node's process groups, the forwarding or electing one first; children of the rig that are
  // not reaped yet. Empty: the kernel alone forwards.
  std::vector<pid_t> processes{};
  // Interfaces of the space, by what they lead to.
  std::vector<std::string> inside{};
  std::vector<std::string> outside{};
  std::vector<std::string> replication{};
  std::vector<std::string> second_cable{};  // another one to the other node
  std::vector<std::string> arbiter{};
  // Where its processes write (logs, state); disjoint from the other node's. Empty: nowhere.
  std::string folder{};

  [[nodiscard]] std::vector<std::string> interfaces() const {
    std::vector<std::string> all = inside;
    for (const auto& more : {outside, replication, second_cable, arbiter}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }
};

}  // namespace stillwater::rig
