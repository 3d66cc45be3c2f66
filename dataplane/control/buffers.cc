#include "dataplane/control/buffers.h"

#include <algorithm>
#include <atomic>
#include <string>

#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dataplane/datapath/fragments/reassembly.h"
#include "dataplane/datapath/output/resolver.h"
#include "dataplane/datapath/steering/exchange.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kCache = 256;
constexpr unsigned kInHand = 1024;  // a worker's bursts, its transmit queues and its mempool cache

std::uint32_t buffers_wanted(const Config& config) {
  std::uint32_t wanted = Resolver::kNeighboursMax * Resolver::kPacketsPerNeighbour +
                         hold_packets_of_a_worker(config) + kInHand +
                         (config.workers - 1) * Exchange::kRingPackets;
  if (config.function == Function::router) wanted += ReassemblyLimits{}.fragments;
  for (const PortConfig& port : config.ports)
    if (!port.device.empty()) wanted += port.rx_descriptors + port.tx_descriptors + 256u;
  return wanted * config.workers;
}

}  // namespace

Result<BufferPool> make_buffers(const Config& config) {
  static std::atomic<unsigned> serial{0};
  std::uint16_t mtu = RTE_ETHER_MTU;
  for (const PortConfig& port : config.ports) mtu = std::max(mtu, port.mtu);
  const std::uint32_t count = buffers_wanted(config);
  const unsigned frame = mtu + RTE_ETHER_HDR_LEN + 2u * RTE_VLAN_HLEN;
  const auto room =
      static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + std::max<unsigned>(frame, RTE_MBUF_DEFAULT_DATAROOM));
  const std::string name = "sw_buffers_" + std::to_string(serial.fetch_add(1));
  BufferPool pool(rte_pktmbuf_pool_create(name.c_str(), count, kCache, 0, room, SOCKET_ID_ANY));
  if (pool == nullptr)
    return fail(Errc::resource_exhausted,
                "no memory for " + std::to_string(count) + " packet buffers (" +
                    std::to_string(std::uint64_t{count} * (room + 192u) >> 20) +
                    " MiB): " + rte_strerror(rte_errno) +
                    "; give DPDK more memory, or make rings and hold buffer smaller");
  return pool;
}

}  // namespace stillwater::dataplane
