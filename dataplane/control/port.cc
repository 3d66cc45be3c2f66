#include "dataplane/control/port.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <vector>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "dataplane/datapath/steering/flow_hash.h"

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

// The kernel spreads frames over the queues of a packet socket, of which there are as many as are asked for.
std::string with_queues(const std::string& device, unsigned workers) {
  const bool to_add =
      workers > 1 && device.rfind("net_af_packet", 0) == 0 && device.find(",qpairs=") == std::string::npos;
  return to_add ? device + ",qpairs=" + std::to_string(workers) : device;
}

// Where the device knows RSS: with the key of flow_hash.h, so that most packets arrive at their owner's
// queue. `key` outlives the configuration of the device.
void spread_by_hash(const rte_eth_dev_info& info, rte_eth_conf& conf, std::vector<std::uint8_t>& key) {
  constexpr std::uint64_t kHashed = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
                                    RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 |
                                    RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;
  if ((info.flow_type_rss_offloads & kHashed) == 0) return;
  key.resize(info.hash_key_size != 0 ? info.hash_key_size : 40);
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::uint8_t>(i % 2 == 0 ? kFlowHashKeyWord >> 8 : kFlowHashKeyWord & 0xff);
  conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  conf.rx_adv_conf.rss_conf.rss_key = key.data();
  conf.rx_adv_conf.rss_conf.rss_key_len = static_cast<std::uint8_t>(key.size());
  conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & kHashed;
}

// The device's indirection table says what worker_of_hash says. One that cannot be set costs hand-overs only.
void deal_hashes(std::uint16_t id, unsigned queues) {
  rte_eth_dev_info info;
  if (rte_eth_dev_info_get(id, &info) != 0 || info.reta_size == 0) return;
  std::vector<rte_eth_rss_reta_entry64> table((info.reta_size + RTE_ETH_RETA_GROUP_SIZE - 1u) /
                                              RTE_ETH_RETA_GROUP_SIZE);
  for (unsigned i = 0; i < info.reta_size; ++i) {
    rte_eth_rss_reta_entry64& group = table[i / RTE_ETH_RETA_GROUP_SIZE];
    group.mask = ~std::uint64_t{0};
    group.reta[i % RTE_ETH_RETA_GROUP_SIZE] = static_cast<std::uint16_t>(worker_of_hash(i, queues));
  }
  (void)rte_eth_dev_rss_reta_update(id, table.data(), info.reta_size);
}

// What one ring holds. The packet socket's rings are sized by its `framecnt`, whatever is asked for.
std::uint32_t ring_packets(const std::string& device, std::uint16_t descriptors) {
  if (device.rfind("net_af_packet", 0) != 0) return descriptors;
  const std::size_t at = device.find(",framecnt=");
  return at == std::string::npos ? 512
                                 : static_cast<std::uint32_t>(std::strtoul(&device[at + 10], nullptr, 10));
}

// Drivers return -1 where they have no reason; as an errno that would be "not permitted".
std::string words_for(int error) {
  return error == -1 ? "the driver does not say why" : rte_strerror(error < 0 ? -error : error);
}

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

Result<std::unique_ptr<Port>> Port::open(const PortConfig& config, std::uint16_t workers, rte_mempool* pool) {
  const std::string name = device_name(config.device);
  std::uint16_t id = 0;
  const bool there = rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0;
  std::unique_ptr<Port> port(new Port(config, RTE_MAX_ETHPORTS, !there));
  if (!there) {
    if (const int error = rte_dev_probe(with_queues(config.device, workers).c_str()); error != 0)
      return port->refuse("open", error);
    if (const int error = rte_eth_dev_get_port_by_name(name.c_str(), &id); error != 0)
      return port->refuse("find the port of", error);
  }
  port->id_ = id;
  if (auto done = port->configure(workers, pool); !done) return tl::unexpected(done.error());
  return port;
}

Status Port::configure(std::uint16_t workers, rte_mempool* pool) {
  rte_eth_dev_info info;
  if (const int error = rte_eth_dev_info_get(id_, &info); error != 0) return refuse("query", error);
  if (info.if_index != 0) kernel_.emplace(info.if_index);
  if (info.max_tx_queues < workers)
    return fail(Errc::invalid_argument,
                "port '" + config_.name + "': device has " + std::to_string(info.max_tx_queues) +
                    " transmit queues, and each of " + std::to_string(workers) +
                    " workers needs one; give the device more, or have fewer workers");
  rx_queues_ = std::min(workers, std::max<std::uint16_t>(info.max_rx_queues, 1));
  rte_eth_conf conf{};
  std::vector<std::uint8_t> key;
  if (rx_queues_ > 1) spread_by_hash(info, conf, key);
  // Some software devices say a longest frame that leaves no room for a CRC; a default MTU needs no asking.
  if (config_.mtu != RTE_ETHER_MTU) conf.rxmode.mtu = config_.mtu;
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  if (const int error = rte_eth_dev_configure(id_, rx_queues_, workers, &conf); error != 0)
    return refuse("configure (MTU " + std::to_string(config_.mtu) + ")", error);
  return set_up_queues(workers, pool);
}

Status Port::set_up_queues(std::uint16_t workers, rte_mempool* pool) {
  std::uint16_t rx = config_.rx_descriptors;
  std::uint16_t tx = config_.tx_descriptors;
  if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx); error != 0)
    return refuse("size the rings of", error);
  rx_ring_packets_ = ring_packets(config_.device, rx) * rx_queues_;
  tx_ring_packets_ = ring_packets(config_.device, tx) * workers;
  for (std::uint16_t queue = 0; queue < rx_queues_; ++queue)
    if (const int error = rte_eth_rx_queue_setup(id_, queue, rx, SOCKET_ID_ANY, nullptr, pool); error != 0)
      return refuse("set up a receive queue of", error);
  for (std::uint16_t queue = 0; queue < workers; ++queue)
    if (const int error = rte_eth_tx_queue_setup(id_, queue, tx, SOCKET_ID_ANY, nullptr); error != 0)
      return refuse("set up a transmit queue of", error);
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
  if (rx_queues_ > 1) deal_hashes(id_, rx_queues_);
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
  stats.link_up = has_link();
  rte_eth_stats raw{};
  if (rte_eth_stats_get(id_, &raw) != 0) return stats;
  stats.rx_packets = raw.ipackets;
  stats.rx_bytes = raw.ibytes;
  stats.tx_packets = raw.opackets;
  stats.tx_bytes = raw.obytes;
  stats.rx_missed = lost_on_reception(raw);
  stats.rx_ring_packets = rx_ring_packets_;
  stats.rx_packets_per_s = rx_packets_per_s_.load(std::memory_order_relaxed);
  stats.rx_headroom = quiesce::receive_headroom(rx_ring_packets_, stats.rx_packets_per_s);
  return stats;
}

// The drivers of packet and XDP sockets say that there is a link as long as the port is started.
bool Port::has_link() const {
  if (!started_) return false;
  if (kernel_) return kernel_->has_link();
  rte_eth_link link{};
  return rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::uint64_t Port::lost_on_reception(const rte_eth_stats& stats) const {
  return stats.imissed + stats.ierrors + stats.rx_nombuf + (kernel_ ? kernel_->dropped() : 0);
}

void Port::sample_rate(Instant now) {
  rte_eth_stats raw{};
  if (rte_eth_stats_get(id_, &raw) != 0) return;
  rate_.sample(now, raw.ipackets + lost_on_reception(raw));
  rx_packets_per_s_.store(rate_.packets_per_s(), std::memory_order_relaxed);
}

}  // namespace stillwater::dataplane
