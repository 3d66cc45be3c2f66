#include "dataplane/datapath/tables/service_port.h"

#include <rte_byteorder.h>

namespace stillwater::dataplane {
namespace {

// ff02::1:ff00:0/104 and the address's last 24 bits.
bool names_group(const IpAddress& address, const IpAddress& group) {
  constexpr std::array<std::uint8_t, 13> kPrefix{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  return std::equal(kPrefix.begin(), kPrefix.end(), group.bytes.begin()) &&
         std::equal(address.bytes.begin() + 13, address.bytes.end(), group.bytes.begin() + 13);
}

}  // namespace

bool ServicePort::owns(std::uint32_t address_be) const {
  return std::find(addresses_be.begin(), addresses_be.end(), address_be) != addresses_be.end();
}

bool ServicePort::owns6(const IpAddress& address) const {
  return address == link_local || std::any_of(subnets6.begin(), subnets6.end(), [&](const IpPrefix& subnet) {
           return subnet.address == address;
         });
}

bool ServicePort::is_solicited_node(const IpAddress& group) const {
  return names_group(link_local, group) ||
         std::any_of(subnets6.begin(), subnets6.end(),
                     [&](const IpPrefix& subnet) { return names_group(subnet.address, group); });
}

bool ServicePort::on_link(std::uint32_t address_be) const {
  if (owns(address_be)) return false;
  const std::uint32_t address = rte_be_to_cpu_32(address_be);
  return std::any_of(subnets.begin(), subnets.end(),
                     [&](const Ipv4Prefix& subnet) { return subnet.contains(address); });
}

bool ServicePort::on_link6(const IpAddress& address) const {
  if (owns6(address)) return false;
  return address.is_link_local() ||
         std::any_of(subnets6.begin(), subnets6.end(),
                     [&](const IpPrefix& subnet) { return subnet.contains(address); });
}

IpAddress ServicePort::source_for(const IpAddress& neighbour) const {
  if (neighbour.is_v4()) {
    for (const Ipv4Prefix& subnet : subnets)
      if (subnet.contains(rte_be_to_cpu_32(neighbour.v4_be())))
        return IpAddress::v4(rte_cpu_to_be_32(subnet.address));
    return addresses_be.empty() ? IpAddress{} : IpAddress::v4(addresses_be.front());
  }
  if (neighbour.is_link_local()) return link_local;
  for (const IpPrefix& subnet : subnets6)
    if (subnet.contains(neighbour)) return subnet.address;
  return subnets6.empty() ? link_local : subnets6.front().address;
}

IpAddress link_local_of(const rte_ether_addr& mac) {
  IpAddress address;
  const std::uint8_t* m = mac.addr_bytes;
  address.bytes = {0xfe, 0x80, 0,    0,    0,    0,    0,   0, static_cast<std::uint8_t>(m[0] ^ 2),
                   m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
  return address;
}

}  // namespace stillwater::dataplane
