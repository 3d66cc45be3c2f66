// Who leads: decisions as values, from what both nodes say of themselves. No input, no output, no time.
#pragma once

#include <cstdint>
#include <string>

#include "ckpt_engine/wire/format.h"

namespace stillwater::standby {

enum class Role : std::uint8_t { starting, syncing, standby, active, standalone, fenced, failed };

[[nodiscard]] const char* name_of(Role role);
[[nodiscard]] wire::NodeState wire_state(Role role);

// What this node does about the peer after both have said hello.
enum class Verdict : std::uint8_t {
  lead,       // this node fills the peer
  follow,     // this node is filled by the peer
  take_over,  // this node holds the last committed epoch and the peer has lost it: lead now
  step_down,  // this node leads an older term or epoch than the peer holds: gives up its state and follows
  refuse,     // no pair: the reason says why
};

struct Meeting {
  Verdict verdict;
  std::string reason;  // for people; empty unless refuse or step_down
};

// Symmetric: of two nodes that judge the same two hellos exactly one leads, or both refuse. A node that holds
// nothing never leads one that holds a committed epoch (design: Starting).
[[nodiscard]] Meeting meet(const wire::Hello& mine, const wire::Hello& theirs);

}  // namespace stillwater::standby
