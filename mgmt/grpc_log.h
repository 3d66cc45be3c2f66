// What gRPC writes of its own, as lines of our log.
#pragma once

namespace stillwater::mgmt {

// From now on, in all threads: gRPC's errors are warnings, which say what to do where that is known; the same
// one once a minute at most. For spdlog's default logger, which must be there.
void take_grpc_log();

}  // namespace stillwater::mgmt
