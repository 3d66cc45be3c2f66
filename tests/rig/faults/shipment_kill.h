// Fault: a leader is killed in the middle of a shipment, at a step that is exact and not a matter of luck.
#pragma once

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

enum class ShipmentStep {
  before_second_group,   // the first group was handed to the kernel, the second was not
  before_commit_record,  // every group was, the commit record was not
};

// Traces the replication thread of the daemon `pid` and ends the whole process with SIGKILL on its way into
// the system call that would send what `step` names. The daemon runs the product's own code: only its system
// calls are watched. timed_out if no such step came within `limit`; the daemon runs on then. Uses the
// calling thread as the tracer for the duration.
[[nodiscard]] Status kill_in_shipment(pid_t pid, ShipmentStep step, Nanos limit);

}  // namespace stillwater::rig
