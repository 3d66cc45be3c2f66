// The active's links that a fault impairs: each has a relay in it for the whole run.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/rig/relay/relay.h"
#include "tests/rig/systems/node.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

enum class ActiveLink { inside, outside, replication };
enum class LinkWay { to_active, from_active };

[[nodiscard]] constexpr const char* name_of(ActiveLink link) {
  return link == ActiveLink::inside ? "inside" : link == ActiveLink::outside ? "outside" : "replication";
}

// Main thread; goes before the topology that it was started in.
class RelayedLinks {
 public:
  // Splices a space for a relay into each of these links of the active. failed_precondition: it has no such
  // link.
  [[nodiscard]] static Result<RelayedLinks> splice(Plan& plan, const Node& active,
                                                   const std::set<ActiveLink>& wanted);

  // Starts the relays in the built plan, unimpaired; until then nothing crosses those links.
  [[nodiscard]] Status start(const Topology& topology, std::uint64_t seed);

  // failed_precondition: this link has no relay.
  [[nodiscard]] Status set(ActiveLink link, LinkWay way, const Impairment& impairment);

  [[nodiscard]] bool empty() const { return spliced_.empty(); }
  // Why a relay stopped forwarding by itself; empty: none did.
  [[nodiscard]] std::string trouble() const;
  // Frames that were dropped because a fault asked for it.
  [[nodiscard]] std::uint64_t dropped_as_asked() const;
  // What the relays lost by themselves, a sentence each.
  [[nodiscard]] std::vector<std::string> own_losses() const;

 private:
  struct Spliced {
    ActiveLink link;
    std::string space;
    RelayWay to_active;
    std::unique_ptr<Relay> relay{};
  };
  [[nodiscard]] std::vector<RelayCounts> counts() const;

  std::vector<Spliced> spliced_;
};

}  // namespace stillwater::rig
