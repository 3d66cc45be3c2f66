#include "dataplane/datapath/tables/service.h"

#include <algorithm>

#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

ServicePort make_port(const PortConfig& config, const Service::Opened& opened) {
  ServicePort port{.dpdk_port = opened.dpdk_port,
                   .rx_queues = opened.rx_queues,
                   .mac = {},
                   .mtu = config.mtu,
                   .subnets = config.addresses,
                   .addresses_be = {}};
  std::copy(config.mac.begin(), config.mac.end(), port.mac.addr_bytes);
  for (const Ipv4Prefix& address : config.addresses)
    port.addresses_be.push_back(rte_cpu_to_be_32(address.address));
  return port;
}

}  // namespace

bool ServicePort::owns(std::uint32_t address_be) const {
  return std::find(addresses_be.begin(), addresses_be.end(), address_be) != addresses_be.end();
}

bool ServicePort::on_link(std::uint32_t address_be) const {
  if (owns(address_be)) return false;
  const std::uint32_t address = rte_be_to_cpu_32(address_be);
  return std::any_of(subnets.begin(), subnets.end(),
                     [&](const Ipv4Prefix& subnet) { return subnet.contains(address); });
}

bool Service::is_own_mac(const rte_ether_addr& mac) const {
  return std::any_of(ports.begin(), ports.end(),
                     [&](const ServicePort& port) { return rte_is_same_ether_addr(&port.mac, &mac) != 0; });
}

Result<Service> Service::build(const Config& config, const std::vector<Opened>& ports) {
  auto fib = Fib::build(config);
  if (!fib) return tl::unexpected(fib.error());
  auto rules = RuleSet::build(config);
  if (!rules) return tl::unexpected(rules.error());
  Service service{.ports = {},
                  .fib = std::move(*fib),
                  .rules = std::move(*rules),
                  .steering = Steering(config),
                  .timeouts = config.timeouts,
                  .output_commit = config.output_commit};
  for (std::size_t i = 0; i < config.ports.size(); ++i)
    service.ports.push_back(make_port(config.ports[i], ports[i]));
  for (const SourceNatConfig& nat : config.source_nat) {
    ServicePort& port = service.ports[*find_port(config, nat.to)];
    const std::uint32_t address_be = rte_cpu_to_be_32(nat.address);
    if (!port.owns(address_be)) port.addresses_be.push_back(address_be);
  }
  return service;
}

}  // namespace stillwater::dataplane
