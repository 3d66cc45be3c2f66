// What a dataplane serves, built once from its configuration and only read afterwards.
#pragma once

#include <cstdint>
#include <vector>

#include <rte_ether.h>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/datapath/steering/steering.h"
#include "dataplane/datapath/tables/fib.h"
#include "dataplane/datapath/tables/rule_set.h"

namespace stillwater::dataplane {

struct ServicePort {
  std::uint16_t dpdk_port;  // this process's id of the port
  std::uint16_t rx_queues;  // worker w polls queue w, if there is one
  rte_ether_addr mac;       // virtual
  std::uint16_t mtu;
  std::vector<Ipv4Prefix> subnets;
  std::vector<std::uint32_t> addresses_be;  // answered for by ARP: own ones and those of source NAT

  [[nodiscard]] bool owns(std::uint32_t address_be) const;
  // Whether `address_be` can be a neighbour: in a subnet of the port, and not ours.
  [[nodiscard]] bool on_link(std::uint32_t address_be) const;
};

struct Service {
  std::vector<ServicePort> ports;
  Fib fib;
  RuleSet rules;
  Steering steering;
  TimeoutConfig timeouts;
  OutputCommit output_commit;

  // What is known of an opened port.
  struct Opened {
    std::uint16_t dpdk_port;
    std::uint16_t rx_queues;
  };
  // `ports`: in the configuration's order.
  [[nodiscard]] static Result<Service> build(const Config& config, const std::vector<Opened>& ports);
  [[nodiscard]] bool is_own_mac(const rte_ether_addr& mac) const;
};

}  // namespace stillwater::dataplane
