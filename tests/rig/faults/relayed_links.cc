#include "tests/rig/faults/relayed_links.h"

#include <algorithm>

#include "tests/rig/relay/splice.h"

namespace stillwater::rig {
namespace {

const std::vector<std::string>& interfaces_of(const Node& node, ActiveLink link) {
  if (link == ActiveLink::inside) return node.inside;
  return link == ActiveLink::outside ? node.outside : node.replication;
}

bool begins_at(const Plan& plan, const std::string& space, const std::string& interface) {
  return std::any_of(plan.links.begin(), plan.links.end(),
                     [&](const Link& it) { return it.a.space == space && it.a.name == interface; });
}

}  // namespace

Result<RelayedLinks> RelayedLinks::splice(Plan& plan, const Node& active,
                                          const std::set<ActiveLink>& wanted) {
  RelayedLinks links;
  for (const ActiveLink link : wanted) {
    const auto& interfaces = interfaces_of(active, link);
    if (interfaces.size() != 1) {
      return fail(Errc::failed_precondition,
                  std::string("the active has not exactly one ") + name_of(link) + " link");
    }
    const std::string space = std::string("relay-") + name_of(link);
    // The relay's side a faces end a of the link.
    const bool first = begins_at(plan, active.space, interfaces.front());
    if (Status spliced = splice_relay(plan, active.space, interfaces.front(), space); !spliced) {
      return tl::unexpected(spliced.error());
    }
    links.spliced_.push_back({link, space, first ? RelayWay::b_to_a : RelayWay::a_to_b});
  }
  return links;
}

Status RelayedLinks::start(const Topology& topology, std::uint64_t seed) {
  for (Spliced& it : spliced_) {
    auto relay =
        Relay::start({.space_fd = topology.space(it.space).fd(), .a = kRelayA, .b = kRelayB, .seed = seed++});
    if (!relay) return tl::unexpected(relay.error());
    it.relay = std::move(*relay);
  }
  return {};
}

Status RelayedLinks::set(ActiveLink link, LinkWay way, const Impairment& impairment) {
  for (Spliced& it : spliced_) {
    if (it.link != link || !it.relay) continue;
    const RelayWay away = it.to_active == RelayWay::a_to_b ? RelayWay::b_to_a : RelayWay::a_to_b;
    return it.relay->set(way == LinkWay::to_active ? it.to_active : away, impairment);
  }
  return fail(Errc::failed_precondition,
              std::string("there is no relay in the active's ") + name_of(link) + " link");
}

std::string RelayedLinks::trouble() const {
  for (const Spliced& it : spliced_) {
    const std::string why = it.relay ? it.relay->trouble() : std::string();
    if (!why.empty()) return "the relay in the " + std::string(name_of(it.link)) + " link stopped: " + why;
  }
  return {};
}

std::vector<RelayCounts> RelayedLinks::counts() const {
  std::vector<RelayCounts> all;
  for (const Spliced& it : spliced_) {
    if (!it.relay) continue;
    for (const RelayWay way : {RelayWay::a_to_b, RelayWay::b_to_a}) all.push_back(it.relay->counts(way));
  }
  return all;
}

std::uint64_t RelayedLinks::dropped_as_asked() const {
  std::uint64_t dropped = 0;
  for (const RelayCounts& it : counts()) dropped += it.lost + it.cut + it.queue_full;
  return dropped;
}

// Frames that the kernel refused are no loss of the relay's: the link behind it went down with its node.
std::vector<std::string> RelayedLinks::own_losses() const {
  std::uint64_t lost = 0;
  for (const RelayCounts& it : counts()) lost += it.overrun + it.unseen;
  if (lost == 0) return {};
  return {"the harness's relay lost " + std::to_string(lost) + " frames that no fault asked it to"};
}

}  // namespace stillwater::rig
