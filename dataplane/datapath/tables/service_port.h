// A port, or a VLAN on one, as packets meet it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <rte_ether.h>

#include "dataplane/config.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

struct ServicePort {
  PortIndex device;         // the port that has the device: itself, unless this is a VLAN
  std::uint16_t dpdk_port;  // this process's id of the device
  std::uint16_t rx_queues;  // worker w polls queue w, if there is one; 0 of a VLAN
  std::uint16_t vlan;       // 0: untagged frames
  rte_ether_addr mac;       // virtual
  std::uint64_t mac_word;   // the same as it lies in memory, with two zero octets behind it
  std::uint16_t mtu;
  std::vector<Ipv4Prefix> subnets;
  std::vector<IpPrefix> subnets6;
  IpAddress link_local;                     // none where there is no IPv6
  std::vector<std::uint32_t> addresses_be;  // answered for by ARP: own ones and those of source NAT

  // VLANs on this device.
  struct Vlan {
    std::uint16_t id;
    PortIndex port;
  };
  std::vector<Vlan> vlans;

  [[nodiscard]] bool has_device() const { return rx_queues != 0; }
  [[nodiscard]] bool owns(std::uint32_t address_be) const;
  // With the link-local one.
  [[nodiscard]] bool owns6(const IpAddress& address) const;
  // Whether an address of ours has `group` as its solicited-node address (RFC 4291 section 2.7.1).
  [[nodiscard]] bool is_solicited_node(const IpAddress& group) const;
  // Whether the address can be a neighbour: in a subnet of the port, and not ours. Of IPv6 also link-local.
  [[nodiscard]] bool on_link(std::uint32_t address_be) const;
  [[nodiscard]] bool on_link6(const IpAddress& address) const;
  // The own address to speak with to a neighbour: the one that shares its subnet, else the first of its
  // family. None: there is none.
  [[nodiscard]] IpAddress source_for(const IpAddress& neighbour) const;
};

// `mac` as a modified EUI-64 behind fe80::/64 (RFC 4291 appendix A).
[[nodiscard]] IpAddress link_local_of(const rte_ether_addr& mac);

}  // namespace stillwater::dataplane
