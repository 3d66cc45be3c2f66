#include "dataplane/control/port.h"

#include <algorithm>
#include <cctype>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

namespace stillwater::dataplane {
namespace {

// What an operator looks at first when a device of this kind does not open.
std::string what_to_check(const std::string& device) {
  const auto is = [&](const char* driver) { return device.rfind(driver, 0) == 0; };
  if (is("net_af_packet"))
    return "check that the interface exists in this network namespace and that the process has CAP_NET_RAW";
  if (is("net_af_xdp"))
    return "check that the interface exists and has the queue, and that the process has CAP_NET_ADMIN and "
           "CAP_BPF";
  if (is("net_memif") || is("net_virtio_user") || is("net_vhost"))
    return "check the socket's path, its permissions and that the other side uses the opposite role";
  if (is("net_pcap")) return "check that the capture file exists and is readable";
  if (is_pci_address(device))
    return "check that the device is bound to vfio-pci or uio_pci_generic (dpdk-devbind.py --status)";
  return "check the driver's name and that its DPDK plug-in is installed";
}

std::string words_for(int error) { return rte_strerror(error < 0 ? -error : error); }

}  // namespace

std::string device_name(const std::string& device) {
  const std::string name = device.substr(0, device.find(','));
  const bool short_pci = is_pci_address(device) && std::count(name.begin(), name.end(), ':') == 1;
  return short_pci ? "0000:" + name : name;
}

bool is_pci_address(const std::string& device) {
  const std::string name = device.substr(0, device.find(','));
  return name.find(':') != std::string::npos && name.find('.') != std::string::npos &&
         std::isxdigit(static_cast<unsigned char>(name[0])) != 0;
}

tl::unexpected<Error> Port::refuse(const std::string& what, int error) const {
  return fail(Errc::io, "port '" + config_.name + "': cannot " + what + " device '" + config_.device +
                            "': " + words_for(error) + "; " + what_to_check(config_.device));
}

Result<std::unique_ptr<Port>> Port::open(const PortConfig& config, std::uint16_t queues, rte_mempool* pool) {
  const std::string name = device_name(config.device);
  std::uint16_t id = 0;
  const bool there = rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0;
  std::unique_ptr<Port> port(new Port(config, RTE_MAX_ETHPORTS, !there));
  if (!there) {
    if (const int error = rte_dev_probe(config.device.c_str()); error != 0)
      return port->refuse("open", error);
    if (const int error = rte_eth_dev_get_port_by_name(name.c_str(), &id); error != 0)
      return port->refuse("find the port of", error);
  }
  port->id_ = id;
  if (auto done = port->configure(queues, pool); !done) return tl::unexpected(done.error());
  return port;
}

Status Port::configure(std::uint16_t queues, rte_mempool* pool) {
  rte_eth_dev_info info;
  if (const int error = rte_eth_dev_info_get(id_, &info); error != 0) return refuse("query", error);
  if (info.max_rx_queues < queues || info.max_tx_queues < queues)
    return fail(Errc::invalid_argument, "port '" + config_.name + "': device has " +
                                            std::to_string(info.max_rx_queues) + " queues; each of " +
                                            std::to_string(queues) + " workers needs one");
  rte_eth_conf conf{};
  // Some software devices say a longest frame that leaves no room for a CRC; a default MTU needs no asking.
  if (config_.mtu != RTE_ETHER_MTU) conf.rxmode.mtu = config_.mtu;
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  if (const int error = rte_eth_dev_configure(id_, queues, queues, &conf); error != 0)
    return refuse("configure (MTU " + std::to_string(config_.mtu) + ")", error);

  std::uint16_t rx = config_.rx_descriptors;
  std::uint16_t tx = config_.tx_descriptors;
  if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx); error != 0)
    return refuse("size the rings of", error);
  for (std::uint16_t queue = 0; queue < queues; ++queue) {
    if (const int error = rte_eth_rx_queue_setup(id_, queue, rx, SOCKET_ID_ANY, nullptr, pool); error != 0)
      return refuse("set up a receive queue of", error);
    if (const int error = rte_eth_tx_queue_setup(id_, queue, tx, SOCKET_ID_ANY, nullptr); error != 0)
      return refuse("set up a transmit queue of", error);
  }
  return {};
}

// The virtual MAC differs from the interface's: a filter for it where the device has filters, else
// promiscuous. A device that offers neither delivers everything.
Status Port::accept_virtual_mac() {
  rte_ether_addr mac;
  std::copy(config_.mac.begin(), config_.mac.end(), mac.addr_bytes);
  rte_ether_addr own;
  if (rte_eth_macaddr_get(id_, &own) == 0 && rte_is_same_ether_addr(&own, &mac) != 0) return {};
  if (rte_eth_dev_mac_addr_add(id_, &mac, 0) == 0) return {};
  const int error = rte_eth_promiscuous_enable(id_);
  if (error == 0 || error == -ENOTSUP) return {};
  return refuse("receive frames for the virtual MAC on", error);
}

Status Port::start() {
  if (const int error = rte_eth_dev_start(id_); error != 0) return refuse("start", error);
  started_ = true;
  return accept_virtual_mac();
}

void Port::stop() {
  if (started_) (void)rte_eth_dev_stop(id_);
  started_ = false;
}

Port::~Port() {
  stop();
  if (!owned_ || id_ == RTE_MAX_ETHPORTS) return;
  rte_eth_dev_info info;
  const bool known = rte_eth_dev_info_get(id_, &info) == 0;
  (void)rte_eth_dev_close(id_);
  if (known) (void)rte_dev_remove(info.device);
}

PortStats Port::stats() const {
  PortStats stats{.name = config_.name, .device = config_.device};
  rte_eth_link link{};
  stats.link_up = started_ && rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  rte_eth_stats raw{};
  if (rte_eth_stats_get(id_, &raw) != 0) return stats;
  stats.rx_packets = raw.ipackets;
  stats.rx_bytes = raw.ibytes;
  stats.tx_packets = raw.opackets;
  stats.tx_bytes = raw.obytes;
  stats.rx_missed = raw.imissed + raw.ierrors + raw.rx_nombuf;
  return stats;
}

}  // namespace stillwater::dataplane
