// A DPDK port made of two rings: the test puts frames in at one end and takes them at the other.
#pragma once

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "tests/unit/dataplane/eal_once.h"

namespace stillwater::dataplane {

using Bytes = std::vector<std::uint8_t>;

// Buffers of the tests' own; `in_use` counts those that somebody still holds.
class TestBuffers {
 public:
  TestBuffers() {
    need_eal();
    static std::atomic<int> serial{0};
    pool_ = rte_pktmbuf_pool_create(("test_buffers_" + std::to_string(serial++)).c_str(), 1023, 0, 0,
                                    RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (pool_ == nullptr) throw std::runtime_error("no memory for test buffers");
  }
  ~TestBuffers() { rte_mempool_free(pool_); }
  TestBuffers(const TestBuffers&) = delete;
  TestBuffers& operator=(const TestBuffers&) = delete;

  [[nodiscard]] rte_mempool* pool() const { return pool_; }
  [[nodiscard]] unsigned in_use() const { return rte_mempool_in_use_count(pool_); }

 private:
  rte_mempool* pool_;
};

class RingPort {
 public:
  explicit RingPort(TestBuffers& buffers) : buffers_(buffers) {
    static std::atomic<int> serial{0};
    const std::string name = "t" + std::to_string(serial++);
    in_ = rte_ring_create((name + "_in").c_str(), 512, SOCKET_ID_ANY, 0);
    out_ = rte_ring_create((name + "_out").c_str(), 512, SOCKET_ID_ANY, 0);
    id_ = rte_eth_from_rings(name.c_str(), &in_, 1, &out_, 1, 0);
    if (id_ < 0) throw std::runtime_error("no ring port");
    device_ = "net_ring_" + name;
  }
  ~RingPort() {
    for (Bytes frame; take(frame);) continue;
    rte_eth_dev_stop(id());
    rte_eth_dev_close(id());
    drain(in_);
    drain(out_);
    rte_ring_free(in_);
    rte_ring_free(out_);
  }
  RingPort(const RingPort&) = delete;
  RingPort& operator=(const RingPort&) = delete;

  [[nodiscard]] const std::string& device() const { return device_; }
  [[nodiscard]] std::uint16_t id() const { return static_cast<std::uint16_t>(id_); }
  [[nodiscard]] unsigned waiting() const { return rte_ring_count(in_); }  // not yet received
  [[nodiscard]] unsigned sent() const { return rte_ring_count(out_); }    // not yet taken

  // One queue pair, for tests that use DPDK's functions without a Port.
  void start() {
    const rte_eth_conf conf{};
    if (rte_eth_dev_configure(id(), 1, 1, &conf) != 0 ||
        rte_eth_rx_queue_setup(id(), 0, 64, SOCKET_ID_ANY, nullptr, buffers_.pool()) != 0 ||
        rte_eth_tx_queue_setup(id(), 0, 64, SOCKET_ID_ANY, nullptr) != 0 || rte_eth_dev_start(id()) != 0)
      throw std::runtime_error("ring port does not start");
  }

  void put(const Bytes& frame) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers_.pool());
    if (mbuf == nullptr || rte_ring_enqueue(in_, mbuf) != 0) throw std::runtime_error("test ring is full");
    std::copy(
        frame.begin(), frame.end(),
        reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(frame.size()))));
  }
  // False if nothing was sent.
  [[nodiscard]] bool take(Bytes& frame) {
    void* object = nullptr;
    if (rte_ring_dequeue(out_, &object) != 0) return false;
    auto* mbuf = static_cast<rte_mbuf*>(object);
    const auto* data = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
    frame.assign(data, data + mbuf->data_len);
    rte_pktmbuf_free(mbuf);
    return true;
  }

 private:
  static void drain(rte_ring* ring) {
    for (void* object = nullptr; rte_ring_dequeue(ring, &object) == 0;)
      rte_pktmbuf_free(static_cast<rte_mbuf*>(object));
  }
  TestBuffers& buffers_;
  rte_ring* in_;
  rte_ring* out_;
  int id_;
  std::string device_;
};

// Waits, without a fixed sleep, until `condition` holds; false after five seconds.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace stillwater::dataplane
