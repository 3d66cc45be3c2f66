// The witness of a pair under test, in the space that with_witness made for it.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/process/child.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// Starts `program` and returns at once: nodes that ask too early ask again. Record and log lie in `folder`,
// which is made; a record that is there already is the pair's. Each life has a log of its own. `security`
// says how its port is guarded.
[[nodiscard]] Result<Child> start_witness(const std::string& program, const Topology& topology,
                                          const std::string& folder, unsigned life = 1,
                                          const std::vector<std::string>& security = {"--tls", "none"});

// What a log's name says of which life of its process it is: nothing, "-2", "-3" ...
[[nodiscard]] std::string life_suffix(unsigned life);

}  // namespace stillwater::rig
