// The network of every failover scenario: client and server, a bridge on each side, two nodes between.
//
//     client 10.80.1.2 --- [br-in] --- in0 active  out0 --- [br-out] --- server 10.80.2.2
//                             \                |repl0           /
//                              `----- in0 standby out0 --------'
//
// The bridges live in a space of their own, `net`.
#pragma once

#include "tests/rig/topology/plan.h"

namespace stillwater::rig {

inline constexpr const char* kServerAddress = "10.80.2.2";
inline constexpr const char* kInsideAddress = "10.80.1.1";  // the pair's service addresses
inline constexpr const char* kOutsideAddress = "10.80.2.1";
inline constexpr const char* kInsideMac = "02:53:57:00:01:01";
inline constexpr const char* kOutsideMac = "02:53:57:00:02:01";

// Whose addresses the nodes' data ports in0 and out0 carry.
enum class DataPorts {
  of_the_daemon,  // none for the kernel: no address, no ARP
  of_the_kernel,  // the active's kernel owns the service addresses and forwards
  // Each kernel has an address of its own beside the service addresses, which a program of the pair moves:
  // 10.80.1.11 and 10.80.2.11 on the active, .12 on the standby.
  of_both_kernels,
};

[[nodiscard]] Plan pair_network(DataPorts ports);

// A witness in a space of its own, `witness`, with a cable (wit0) to each node: it is 10.80.4.1 to the
// active, 10.80.5.1 to the standby.
[[nodiscard]] Plan with_witness(Plan plan);

}  // namespace stillwater::rig
