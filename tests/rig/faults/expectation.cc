#include "tests/rig/faults/expectation.h"

#include <algorithm>

namespace stillwater::rig {

bool Expectation::takes(NodeId node) const { return std::find(gone.begin(), gone.end(), node) != gone.end(); }

Expectation both(const Expectation& a, const Expectation& b) {
  Expectation joined = a;
  for (const NodeId node : b.gone) {
    if (!joined.takes(node)) joined.gone.push_back(node);
  }
  joined.successor = (a.successor || b.successor) && !joined.takes_all();
  joined.loses_service = a.loses_service || b.loses_service;
  joined.lossy = a.lossy || b.lossy;
  return joined;
}

}  // namespace stillwater::rig
