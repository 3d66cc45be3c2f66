#include "tests/bench/load_ports.h"

#include <algorithm>
#include <bit>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "tests/bench/checkpointed.h"

namespace stillwater::bench {
namespace {

constexpr unsigned kRingRoomMin = 1024;  // as the driver makes its own

void need(bool done, const char* what) {
  if (!done) must(fail(Errc::resource_exhausted, rte_strerror(rte_errno)), what);
}

}  // namespace

const char* name_of(Device device) { return device == Device::null ? "net_null" : "net_ring"; }

LoadPorts::LoadPorts(Device device, unsigned circulating) : circulating_(circulating) {
  static unsigned serial = 0;
  for (std::string& name : devices_)
    name = (device == Device::null ? "net_null" : "load") + std::to_string(serial++);
  if (device == Device::null) return;
  pool_ = rte_pktmbuf_pool_create((devices_[0] + "_buffers").c_str(), 2 * circulating_ - 1, 0, 0,
                                  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  need(pool_ != nullptr, "buffers of the load");
  for (unsigned side : {0u, 1u}) open_ring(side);
  refill();
}

// Buffers that lie in the rings, some of a dataplane that is gone, end with their pools.
LoadPorts::~LoadPorts() {
  if (pool_ == nullptr) return;
  for (unsigned side : {0u, 1u}) {
    rte_eth_dev_close(ports_[side]);
    rte_ring_free(rings_[side]);
  }
  rte_mempool_free(pool_);
}

void LoadPorts::open_ring(unsigned side) {
  const std::string name = devices_[side];
  rings_[side] = rte_ring_create(name.c_str(), std::max(kRingRoomMin, std::bit_ceil(circulating_ + 1)),
                                 static_cast<int>(SOCKET_ID_ANY), RING_F_SP_ENQ | RING_F_SC_DEQ);
  need(rings_[side] != nullptr, "ring of the load");
  const int id = rte_eth_from_rings(name.c_str(), &rings_[side], 1, &rings_[side], 1, 0);
  need(id >= 0, "ring port");
  ports_[side] = static_cast<std::uint16_t>(id);
  devices_[side] = "net_ring_" + name;
}

std::int64_t LoadPorts::refill() {
  if (pool_ == nullptr) return 0;
  std::int64_t missing = circulating_;
  for (const rte_ring* ring : rings_) missing -= rte_ring_count(ring);
  for (std::int64_t i = 0; i < missing; ++i) put(rings_[static_cast<std::size_t>(i % 2)]);
  for (std::int64_t i = missing; i < 0; ++i) {
    void* packet = nullptr;
    if (rte_ring_dequeue(rings_[0], &packet) != 0) need(rte_ring_dequeue(rings_[1], &packet) == 0, "empty");
    rte_pktmbuf_free(static_cast<rte_mbuf*>(packet));
  }
  return missing;
}

void LoadPorts::put(rte_ring* ring) {
  rte_mbuf* packet = rte_pktmbuf_alloc(pool_);
  need(packet != nullptr && rte_ring_enqueue(ring, packet) == 0, "packets of the load");
}

}  // namespace stillwater::bench
