// Source NAT over links between namespaces: the kernel's nftables beside our firewall on packet and XDP
// sockets.
#pragma once

#include <string>

#include "tests/bench/report.h"
#include "tests/rig/process/interrupts.h"

namespace stillwater::bench {

// Client, gateway and server, in namespaces with names of this process's own, which are gone when this
// returns. The client's core sends as much as it can; what reaches the server counts, a second each in turn.
// The kernel has the gateway's work once on the client's core, once on the last one (receive packet
// steering); ours runs on the last core, in a process of its own, whose words go to files beside `out`. Needs
// root. What cannot be measured is said on standard error, and not reported.
void add_veth_nat(Report& report, unsigned repetitions, rig::Interrupts& interrupts, const std::string& out);

// What the above runs in the gateway's namespace: the firewall on ports of that driver, until it is killed.
// Ends the program where something fails.
[[noreturn]] void be_veth_gateway(const std::string& driver);

}  // namespace stillwater::bench
