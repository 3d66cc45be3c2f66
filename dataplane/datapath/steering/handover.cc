#include "dataplane/datapath/steering/handover.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <rte_arp.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

namespace stillwater::dataplane {
namespace {

constexpr std::size_t kBurst = 32;

rte_ring* make_ring(const char* what) {
  static std::atomic<unsigned> serial{0};
  const std::string name = std::string("sw_") + what + "_" + std::to_string(serial.fetch_add(1));
  return rte_ring_create(name.c_str(), Handover::kFramesMax + 1, static_cast<int>(SOCKET_ID_ANY),
                         RING_F_SC_DEQ);
}

void free_all(rte_ring* ring) {
  void* frame = nullptr;
  while (rte_ring_sc_dequeue(ring, &frame) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
}

}  // namespace

Result<std::unique_ptr<Handover>> Handover::create(const Service& service, rte_mempool* buffers) {
  Ring kept(make_ring("kept"));
  Ring brought(make_ring("brought"));
  if (!kept || !brought)
    return fail(Errc::resource_exhausted,
                std::string("no memory for the rings of a hand-over: ") + rte_strerror(rte_errno));
  return std::unique_ptr<Handover>(new Handover(service, buffers, std::move(kept), std::move(brought)));
}

Handover::Handover(const Service& service, rte_mempool* buffers, Ring kept, Ring brought)
    : service_(service),
      buffers_(buffers),
      kept_(std::move(kept)),
      brought_(std::move(brought)),
      cut_(std::make_unique<std::atomic<bool>[]>(service.ports.size())) {}

Handover::~Handover() {
  free_all(kept_.get());
  free_all(brought_.get());
}

void Handover::keep(const std::function<bool(PortIndex)>& has_link) {
  free_all(kept_.get());
  for (PortIndex port = 0; port < service_.ports.size(); ++port)
    cut_[port].store(service_.ports[port].has_device() && !has_link(port), std::memory_order_relaxed);
  keeping_.store(true, std::memory_order_release);
}

void Handover::keep_no_more() {
  keeping_.store(false, std::memory_order_release);
  free_all(kept_.get());
}

// An announcement, of whatever family and VLAN: to many, from the virtual MAC, which is the other node's now.
// That node sends nothing before it.
bool Handover::is_cut(const rte_mbuf& frame) const {
  if (rte_pktmbuf_data_len(&frame) < sizeof(rte_ether_hdr)) return false;
  const auto* ether = rte_pktmbuf_mtod(&frame, const rte_ether_hdr*);
  return rte_is_multicast_ether_addr(&ether->dst_addr) != 0 && service_.is_own_mac(ether->src_addr);
}

std::uint16_t Handover::keep_some(std::uint16_t dpdk_port, rte_mbuf** packets, std::uint16_t n) {
  if (!keeping_.load(std::memory_order_acquire)) return n;
  const auto found = std::ranges::find(service_.ports, dpdk_port, &ServicePort::dpdk_port);
  const auto port = static_cast<PortIndex>(found - service_.ports.begin());
  if (port == service_.ports.size()) return n;
  std::uint16_t left = 0;
  for (std::uint16_t i = 0; i < n; ++i) {
    rte_mbuf* frame = packets[i];
    std::atomic<bool>& cut = cut_[port];
    if (is_cut(*frame)) cut.store(true, std::memory_order_release);
    frame->port = port;
    if (cut.load(std::memory_order_relaxed)) {
      packets[left++] = frame;
    } else if (rte_ring_mp_enqueue(kept_.get(), frame) != 0) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      packets[left++] = frame;
    }
  }
  return left;
}

// The cuts are looked at first: what was kept before them is in the ring then.
bool Handover::take_kept(const std::function<void(PortIndex, std::span<const std::byte>)>& sink) {
  bool over = true;
  for (std::size_t port = 0; port < service_.ports.size(); ++port)
    over = over && (!service_.ports[port].has_device() || cut_[port].load(std::memory_order_acquire));
  std::array<rte_mbuf*, kBurst> frames;
  while (const unsigned n = rte_ring_sc_dequeue_burst(kept_.get(), reinterpret_cast<void**>(frames.data()),
                                                      frames.size(), nullptr))
    for (unsigned i = 0; i < n; ++i) {
      const rte_mbuf* frame = frames[i];
      if (frame->nb_segs == 1)
        sink(port_of(*frame), bytes_of(*frame));
      else
        lost_.fetch_add(1, std::memory_order_relaxed);
      rte_pktmbuf_free(frames[i]);
    }
  return !over;
}

void Handover::bring(PortIndex port, std::span<const std::byte> bytes) {
  rte_mbuf* frame = port < service_.ports.size() ? rte_pktmbuf_alloc(buffers_) : nullptr;
  char* room = frame != nullptr && bytes.size() <= rte_pktmbuf_tailroom(frame)
                   ? rte_pktmbuf_append(frame, static_cast<std::uint16_t>(bytes.size()))
                   : nullptr;
  if (room != nullptr) {
    std::memcpy(room, bytes.data(), bytes.size());
    frame->port = port;
    brought_frames_.add(port, bytes);
    if (rte_ring_mp_enqueue(brought_.get(), frame) == 0) return;
  }
  rte_pktmbuf_free(frame);
  lost_.fetch_add(1, std::memory_order_relaxed);
}

void Handover::expect_brought(Instant now, Nanos patience) {
  brought_frames_.forget();
  succession_.fetch_add(1, std::memory_order_relaxed);
  awaited_until_.store((now + patience).count(), std::memory_order_relaxed);
  unannounced_.store(true, std::memory_order_release);
}

void Handover::drop_brought() { free_all(brought_.get()); }

}  // namespace stillwater::dataplane
