#include "dataplane/datapath/nodes/link/learn.h"

#include <algorithm>

#include "dataplane/datapath/rehearsal/rehearsal.h"

namespace stillwater::dataplane {
namespace {

// Younger entries with the same MAC are not written anew: a chatty neighbour dirties no line.
constexpr std::uint32_t kRelearnSeconds = 10;

WatchedNextHop* watched(const Context& context, PortIndex port, const IpAddress& address) {
  return context.next_hops == nullptr ? nullptr : context.next_hops->find(port, address);
}

}  // namespace

void learn(Context& context, PortIndex port, const IpAddress& address, const rte_ether_addr& mac) {
  if (context.rehearsal != nullptr) return context.rehearsal->learns(address, mac);
  region::NeighbourTable& neighbours = context.state.neighbours;
  const region::Neighbour* known = neighbours.find(port, address);
  if (known == nullptr || !is_mac_of(*known, mac) ||
      context.turn.now_s() - known->learned_s >= kRelearnSeconds) {
    std::array<std::uint8_t, RTE_ETHER_ADDR_LEN> octets;
    std::copy_n(mac.addr_bytes, octets.size(), octets.begin());
    neighbours.learn(context.turn, port, address, octets);
  }
  context.output.neighbour_learned(port, address);
  if (WatchedNextHop* hop = watched(context, port, address))
    hop->unanswered.store(0, std::memory_order_relaxed);
}

bool is_asked_for(const Context& context, PortIndex port, const IpAddress& address) {
  return context.output.resolver().asks_for(port, address) || watched(context, port, address) != nullptr;
}

bool is_mac_of(const region::Neighbour& neighbour, const rte_ether_addr& mac) {
  return std::equal(neighbour.mac.begin(), neighbour.mac.end(), mac.addr_bytes);
}

std::optional<rte_ether_addr> mac_of(const region::Neighbour* neighbour) {
  if (neighbour == nullptr) return std::nullopt;
  rte_ether_addr mac;
  std::copy(neighbour->mac.begin(), neighbour->mac.end(), mac.addr_bytes);
  return mac;
}

}  // namespace stillwater::dataplane
