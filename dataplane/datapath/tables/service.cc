#include "dataplane/datapath/tables/service.h"

#include <algorithm>
#include <cstring>

#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

ServicePort make_port(const Config& config, PortIndex index, const Pipeline& pipeline) {
  const PortConfig& own = config.ports[index];
  ServicePort port{.device = own.device.empty() ? *find_port(config, own.parent) : index,
                   .dpdk_port = 0,
                   .rx_queues = 0,
                   .vlan = own.vlan,
                   .mac = {},
                   .mac_word = 0,
                   .mtu = own.mtu,
                   .subnets = own.addresses,
                   .subnets6 = own.addresses6,
                   .link_local = {},
                   .addresses_be = {},
                   .vlans = {}};
  std::copy(own.mac.begin(), own.mac.end(), port.mac.addr_bytes);
  std::memcpy(&port.mac_word, port.mac.addr_bytes, sizeof(port.mac.addr_bytes));
  if (pipeline.has_ipv6) port.link_local = link_local_of(port.mac);
  for (const Ipv4Prefix& address : own.addresses)
    port.addresses_be.push_back(rte_cpu_to_be_32(address.address));
  return port;
}

// Tells each port its device, and each device its VLANs.
void give_devices(std::vector<ServicePort>& ports, const std::vector<Service::Opened>& devices) {
  std::size_t next = 0;
  for (PortIndex index = 0; index < ports.size(); ++index) {
    if (ports[index].device != index) continue;
    ports[index].dpdk_port = devices[next].dpdk_port;
    ports[index].rx_queues = devices[next++].rx_queues;
  }
  for (PortIndex index = 0; index < ports.size(); ++index) {
    ServicePort& port = ports[index];
    if (port.device == index) continue;
    port.dpdk_port = ports[port.device].dpdk_port;
    ports[port.device].vlans.push_back({port.vlan, index});
  }
}

// Those on the link are answered for there; others are routed here by somebody else.
void add_nat_addresses(ServicePort& port, const std::vector<Ipv4Prefix>& prefixes) {
  for (const Ipv4Prefix& prefix : prefixes)
    for (std::uint64_t address = prefix.address & prefix.mask(); address <= (prefix.address | ~prefix.mask());
         ++address) {
      const std::uint32_t address_be = rte_cpu_to_be_32(static_cast<std::uint32_t>(address));
      if (port.on_link(address_be) && !port.owns(address_be)) port.addresses_be.push_back(address_be);
    }
}

void add_own(OwnAddresses& own, const ServicePort& port) {
  for (const std::uint32_t address_be : port.addresses_be) own.add(IpAddress::v4(address_be));
  for (const IpPrefix& subnet : port.subnets6) own.add(subnet.address);
  if (!port.link_local.is_none()) own.add(port.link_local);
}

}  // namespace

bool Service::is_own_mac(const rte_ether_addr& mac) const {
  return std::any_of(ports.begin(), ports.end(),
                     [&](const ServicePort& port) { return rte_is_same_ether_addr(&port.mac, &mac) != 0; });
}

Result<Service> Service::build(const Config& config, const std::vector<Opened>& devices,
                               const PublishedFib& fib, const PublishedPolicy& policy) {
  Service service{.ports = {},
                  .fib = &fib,
                  .own = {},
                  .own_macs = {},
                  .policy = &policy,
                  .nat = NatTables(config),
                  .steering = Steering(config),
                  .timeouts = config.timeouts,
                  .tcp_checks = config.tcp_checks,
                  .output_commit = config.output_commit,
                  .pipeline = pipeline_of(config),
                  .icmp_errors_per_s = config.icmp_errors_per_s,
                  .log = config.log};
  for (PortIndex index = 0; index < config.ports.size(); ++index)
    service.ports.push_back(make_port(config, index, service.pipeline));
  give_devices(service.ports, devices);
  for (PortIndex index = 0; index < config.ports.size(); ++index)
    add_nat_addresses(service.ports[index], nat_addresses_at(config, config.ports[index].name));
  for (const ServicePort& port : service.ports) {
    add_own(service.own, port);
    service.own_macs.add(port.mac_word);
  }
  return service;
}

}  // namespace stillwater::dataplane
