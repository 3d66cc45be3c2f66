// What to watch in the network of every failover scenario (systems/pair_network.h).
#pragma once

#include <cstdint>

#include "tests/rig/load/probe.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/wire/wire_check.h"

namespace stillwater::rig {

enum class VirtualMac : bool {
  none,         // each node answers from the MAC of its own port
  of_the_pair,  // kInsideMac and kOutsideMac
};

// Both bridges, both service addresses, and the probe's datagrams from client to server. `plan`: as
// pair_network() made it, before relays were spliced in.
[[nodiscard]] WireSubject pair_wire(const Plan& plan, VirtualMac mac,
                                    std::uint16_t probe_port = ProbeOptions{}.port);

}  // namespace stillwater::rig
