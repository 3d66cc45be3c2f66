// What a system is expected to do about a fault; the verdict asks.
#pragma once

#include <vector>

#include "tests/rig/systems/node.h"

namespace stillwater::rig {

struct Expectation {
  std::vector<NodeId> gone{};  // whose processes end or whose links all go down
  bool successor = false;      // another node has to forward
  bool loses_service = true;   // traffic may be lost at all
  bool lossy = false;          // the fault itself drops some of the traffic for as long as it lasts

  [[nodiscard]] bool takes(NodeId node) const;
  // No node is left that could remember a session.
  [[nodiscard]] bool takes_all() const { return takes(NodeId::active) && takes(NodeId::standby); }
};

// Of both faults in one run. Where they take every node, there is no successor to ask for.
[[nodiscard]] Expectation both(const Expectation& a, const Expectation& b);

}  // namespace stillwater::rig
