// The firewalls that its benchmark measures: source NAT between the two ports of a load, and rules.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/config.h"
#include "tests/bench/loaded_plane.h"

namespace stillwater::bench {

// Of so many sessions, translated as flow_keys.h says; the rule that admitted them is the only one.
[[nodiscard]] dataplane::Config established_firewall(std::uint32_t sessions,
                                                     const LoadedPlane::Devices& devices);

using Rules = std::vector<dataplane::RuleConfig>;

// For RefusedConnections, with room to hold `in_flight_max` of their packets. `rules`: of its own where there
// are any, else one that allows everything from the inside to the outside.
[[nodiscard]] dataplane::Config opening_firewall(std::uint32_t in_flight_max, Rules rules,
                                                 const LoadedPlane::Devices& devices);

// So many rules, of which the last matches what clients send, and no other. None can be passed over at one
// look: each has something in common with those packets, in turn their source, their destination and
// protocol, or their destination and port.
[[nodiscard]] Rules rules_with_a_late_match(std::uint32_t count);

}  // namespace stillwater::bench
