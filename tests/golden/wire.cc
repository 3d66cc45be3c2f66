#include "tests/golden/wire.h"

#include <algorithm>
#include <stdexcept>

#include <rte_eth_ring.h>

namespace stillwater::golden {
namespace {

constexpr unsigned kBuffers = 1023;
constexpr std::uint16_t kBufferBytes = RTE_PKTMBUF_HEADROOM + 10240;
constexpr unsigned kRingPlaces = 256;

template <class T>
T* need(T* thing, const char* what) {
  if (thing == nullptr) throw std::runtime_error(std::string("no memory for ") + what);
  return thing;
}

Frame bytes_of(const rte_mbuf& first) {
  Frame frame;
  for (const rte_mbuf* mbuf = &first; mbuf != nullptr; mbuf = mbuf->next) {
    const auto* data = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
    frame.insert(frame.end(), data, data + mbuf->data_len);
  }
  return frame;
}

}  // namespace

Wire::Wire() {
  static unsigned serial = 0;
  const std::string name = "golden" + std::to_string(serial++);
  const auto ring = [&](const char* end) {
    return need(rte_ring_create((name + end).c_str(), kRingPlaces, SOCKET_ID_ANY, 0), "a ring");
  };
  buffers_ =
      need(rte_pktmbuf_pool_create((name + "_buffers").c_str(), kBuffers, 0, 0, kBufferBytes, SOCKET_ID_ANY),
           "packet buffers");
  in_ = ring("_in");
  out_ = ring("_out");
  id_ = rte_eth_from_rings(name.c_str(), &in_, 1, &out_, 1, SOCKET_ID_ANY);
  if (id_ < 0) throw std::runtime_error("no port of rings");
  device_ = "net_ring_" + name;
}

Wire::~Wire() {
  std::vector<Frame> rest;
  take(rest);
  (void)rte_eth_dev_close(static_cast<std::uint16_t>(id_));
  rte_ring_free(in_);
  rte_ring_free(out_);
  rte_mempool_free(buffers_);
}

void Wire::put(std::span<const Captured> burst) {
  std::vector<void*> mbufs;
  for (const Captured& captured : burst) {
    rte_mbuf* mbuf = need(rte_pktmbuf_alloc(buffers_), "a frame");
    char* room = need(rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(captured.frame.size())),
                      "a frame of that length");
    std::copy(captured.frame.begin(), captured.frame.end(), reinterpret_cast<std::uint8_t*>(room));
    mbufs.push_back(mbuf);
  }
  const auto count = static_cast<unsigned>(mbufs.size());
  if (rte_ring_enqueue_bulk(in_, mbufs.data(), count, nullptr) != count)
    throw std::runtime_error("more frames at one time than a ring holds");
}

void Wire::take(std::vector<Frame>& sent) {
  for (void* object = nullptr; rte_ring_dequeue(out_, &object) == 0;) {
    auto* mbuf = static_cast<rte_mbuf*>(object);
    sent.push_back(bytes_of(*mbuf));
    rte_pktmbuf_free(mbuf);
  }
}

}  // namespace stillwater::golden
