// Putting a relay into a link of a plan.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/rig/topology/plan.h"

namespace stillwater::rig {

// The relay's two interfaces: `kRelayA` faces end `a` of the link as the plan had it, `kRelayB` end `b`.
inline constexpr const char* kRelayA = "side-a";
inline constexpr const char* kRelayB = "side-b";

// Splits the link whose one end is `interface` of `space` in two, with a new space `relay` between them; the
// ends keep all that they had. Invalid_argument: no such link, or the plan has a space of that name.
// Until a Relay runs in the new space, nothing gets across.
[[nodiscard]] Status splice_relay(Plan& plan, const std::string& space, const std::string& interface,
                                  const std::string& relay);

}  // namespace stillwater::rig
