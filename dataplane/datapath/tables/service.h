// What a dataplane serves, built once from its configuration and only read afterwards.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/datapath/graph/pipeline.h"
#include "dataplane/datapath/nat/nat_tables.h"
#include "dataplane/datapath/steering/steering.h"
#include "dataplane/datapath/tables/fib.h"
#include "dataplane/datapath/tables/own_addresses.h"
#include "dataplane/datapath/tables/policy.h"
#include "dataplane/datapath/tables/service_port.h"

namespace stillwater::dataplane {

struct Service {
  std::vector<ServicePort> ports;  // in the configuration's order, VLANs among them
  const PublishedFib* fib;
  OwnAddresses own;
  OwnMacs own_macs;
  const PublishedPolicy* policy;
  NatTables nat;
  Steering steering;
  TimeoutConfig timeouts;
  TcpChecks tcp_checks;
  OutputCommit output_commit;
  Pipeline pipeline;
  std::uint32_t icmp_errors_per_s;
  LogConfig log;

  // What is known of an opened device.
  struct Opened {
    std::uint16_t dpdk_port;
    std::uint16_t rx_queues;
  };
  // `devices`: of the ports that have one, in the configuration's order. `fib` and `policy` outlive it.
  [[nodiscard]] static Result<Service> build(const Config& config, const std::vector<Opened>& devices,
                                             const PublishedFib& fib, const PublishedPolicy& policy);
  [[nodiscard]] bool is_own_mac(const rte_ether_addr& mac) const;
};

}  // namespace stillwater::dataplane
