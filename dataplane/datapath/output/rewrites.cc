#include "dataplane/datapath/output/rewrites.h"

namespace stillwater::dataplane {

bool Rewrites::is_known(PortIndex port, const IpAddress& neighbour, LinkHeader& header) {
  const ServicePort& out = service_.ports[port];
  const region::Neighbour* known = neighbours_.find(port, neighbour);
  if (known == nullptr || out.vlan != 0) return false;
  std::memcpy(header.macs.data(), known->mac.data(), known->mac.size());
  std::memcpy(header.macs.data() + known->mac.size(), out.mac.addr_bytes, sizeof(out.mac.addr_bytes));
  header.device = out.device;
  header.mtu = out.mtu;
  if (region_now_s_ - known->learned_s > kNeighbourFreshSeconds) {
    rte_ether_addr mac;
    std::memcpy(&mac, known->mac.data(), sizeof(mac));
    resolver_.refresh(port, neighbour, mac, now_);
  }
  return true;
}

void Rewrites::fill(Entry& entry, PortIndex port, const IpAddress& next_hop) {
  entry = {.stamp = stamp_, .next_hop = next_hop, .header = {}, .port = port, .usable = false};
  entry.usable = is_known(port, next_hop, entry.header);
}

}  // namespace stillwater::dataplane
