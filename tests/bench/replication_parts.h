// The parts of the replication benchmark.
#pragma once

#include <string>

#include "tests/bench/replication_peer.h"
#include "tests/bench/report.h"

namespace stillwater::bench {

// Over what, and how the figures of it are told apart: behind each id.
struct Over {
  Connect connect;
  std::string suffix;
};

// Checkpoints of 64 lines a second (`least`: the target), and one from its request to its acknowledgement
// beside a round trip.
void add_epochs(Report& report, const Over& over, double least, unsigned repetitions);
// From an epoch's last byte to its commit.
void add_commit_lag(Report& report, const Connect& connect, unsigned repetitions);
// What new sessions take on the wire.
void add_session_wire_bytes(Report& report, const Connect& connect, unsigned repetitions);
// A region filled, beside a plain stream of its bytes.
void add_first_sync(Report& report, const Over& over, unsigned repetitions, unsigned mib);
// Pages swapped, beside a plain copy of them.
void add_swaps(Report& report, unsigned repetitions);

}  // namespace stillwater::bench
