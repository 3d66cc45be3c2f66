// A DPDK port made of two rings: the test puts frames in at one end and takes them at the other.
#pragma once

#include <algorithm>
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

#include "tests/unit/dpdk/eal_once.h"

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
  static constexpr unsigned kRoom = 511;  // of each ring

  // One ring each way a queue.
  explicit RingPort(TestBuffers& buffers, unsigned queues = 1)
      : buffers_(buffers), in_(queues), out_(queues) {
    static std::atomic<int> serial{0};
    const std::string name = "t" + std::to_string(serial++);
    for (unsigned q = 0; q < queues; ++q) {
      const std::string suffix = "_" + std::to_string(q);
      in_[q] = rte_ring_create((name + "_in" + suffix).c_str(), 512, SOCKET_ID_ANY, 0);
      out_[q] = rte_ring_create((name + "_out" + suffix).c_str(), 512, SOCKET_ID_ANY, 0);
    }
    id_ = rte_eth_from_rings(name.c_str(), in_.data(), queues, out_.data(), queues, 0);
    if (id_ < 0) throw std::runtime_error("no ring port");
    device_ = "net_ring_" + name;
  }
  ~RingPort() {
    rte_eth_dev_stop(id());
    rte_eth_dev_close(id());
    for (const auto& rings : {in_, out_}) {
      for (rte_ring* ring : rings) {
        drain(ring);
        rte_ring_free(ring);
      }
    }
  }
  RingPort(const RingPort&) = delete;
  RingPort& operator=(const RingPort&) = delete;

  [[nodiscard]] const std::string& device() const { return device_; }
  [[nodiscard]] std::uint16_t id() const { return static_cast<std::uint16_t>(id_); }
  [[nodiscard]] unsigned waiting() const { return count(in_); }  // not yet received
  [[nodiscard]] unsigned sent() const { return count(out_); }    // not yet taken

  // One queue pair, for tests that use DPDK's functions without a Port.
  void start() {
    const rte_eth_conf conf{};
    if (rte_eth_dev_configure(id(), 1, 1, &conf) != 0 ||
        rte_eth_rx_queue_setup(id(), 0, 64, SOCKET_ID_ANY, nullptr, buffers_.pool()) != 0 ||
        rte_eth_tx_queue_setup(id(), 0, 64, SOCKET_ID_ANY, nullptr) != 0 || rte_eth_dev_start(id()) != 0)
      throw std::runtime_error("ring port does not start");
  }

  void put(const Bytes& frame, unsigned queue = 0) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers_.pool());
    if (mbuf == nullptr) throw std::runtime_error("no test buffer is free");
    std::copy(
        frame.begin(), frame.end(),
        reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(frame.size()))));
    if (rte_ring_enqueue(in_[queue], mbuf) == 0) return;
    rte_pktmbuf_free(mbuf);
    throw std::runtime_error("test ring is full");
  }
  // False if nothing was sent.
  [[nodiscard]] bool take(Bytes& frame) {
    void* object = nullptr;
    if (std::none_of(out_.begin(), out_.end(),
                     [&](rte_ring* ring) { return rte_ring_dequeue(ring, &object) == 0; }))
      return false;
    auto* mbuf = static_cast<rte_mbuf*>(object);
    const auto* data = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
    frame.assign(data, data + mbuf->data_len);
    rte_pktmbuf_free(mbuf);
    return true;
  }

 private:
  static unsigned count(const std::vector<rte_ring*>& rings) {
    unsigned sum = 0;
    for (const rte_ring* ring : rings) sum += rte_ring_count(ring);
    return sum;
  }
  static void drain(rte_ring* ring) {
    for (void* object = nullptr; rte_ring_dequeue(ring, &object) == 0;)
      rte_pktmbuf_free(static_cast<rte_mbuf*>(object));
  }
  TestBuffers& buffers_;
  std::vector<rte_ring*> in_;
  std::vector<rte_ring*> out_;
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
