// What `stillwaterctl --json status` says, as far as the rig reads it.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/rig/report/measurements.h"

namespace stillwater::rig {

struct NodeStatus {
  std::string role;
  bool can_fail_over = false;
  std::string cannot_fail_over_because;
  std::string last_takeover;
  std::uint64_t term = 0;               // the latest that it knows of; 0: none was granted yet
  std::uint64_t digest_mismatches = 0;  // since it started, as the next one
  std::uint64_t unmarked_writes = 0;
  CheckpointFigures checkpoint;
};

// Keys as in mgmt/control.h. Absent keys keep their defaults, except `role`, without which it is no status.
// 64-bit numbers may be strings, as protobuf's JSON mapping writes them.
[[nodiscard]] Result<NodeStatus> parse_node_status(const std::string& json);

}  // namespace stillwater::rig
