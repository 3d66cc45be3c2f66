#include "tests/rig/systems/linux_forwarding.h"

#include "tests/rig/systems/pair_network.h"

namespace stillwater::rig {

Plan LinuxForwarding::plan() const { return pair_network(DataPorts::of_the_kernel); }

}  // namespace stillwater::rig
