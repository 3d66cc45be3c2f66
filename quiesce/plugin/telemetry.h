// The agent as commands of DPDK's telemetry socket.
#pragma once

#include "quiesce/plugin/agent.h"

namespace stillwater::quiesce::plugin {

// Registers /stillwater/quiesce, /stillwater/resume and /stillwater/status. `agent` lives as long as the
// process. Their callbacks run on telemetry's threads, one a connection; quiesce blocks its own.
void serve_telemetry(Agent& agent);

}  // namespace stillwater::quiesce::plugin
