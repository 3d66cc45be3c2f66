#include "tests/rig/relay/splice.h"

#include <algorithm>

namespace stillwater::rig {

Status splice_relay(Plan& plan, const std::string& space, const std::string& interface,
                    const std::string& relay) {
  if (std::count(plan.spaces.begin(), plan.spaces.end(), relay) > 0) {
    return fail(Errc::invalid_argument, "a relay needs a space of its own; '" + relay + "' exists");
  }
  const auto is_it = [&](const LinkEnd& end) { return end.space == space && end.name == interface; };
  const auto link = std::find_if(plan.links.begin(), plan.links.end(),
                                 [&](const Link& it) { return is_it(it.a) || is_it(it.b); });
  if (link == plan.links.end()) {
    return fail(Errc::invalid_argument, "no link ends at interface " + interface + " of " + space);
  }
  // No ARP: the relay's kernel must never answer for the ends.
  const Link first{link->a, {.space = relay, .name = kRelayA, .arp = false}};
  const Link second{{.space = relay, .name = kRelayB, .arp = false}, link->b};
  plan.spaces.push_back(relay);
  // In the same place: the order of links decides interface indexes, and plans may depend on it.
  *link = first;
  plan.links.insert(link + 1, second);
  return {};
}

}  // namespace stillwater::rig
