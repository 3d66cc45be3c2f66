// One DPDK port from its device string to its removal.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "base/clock.h"
#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/control/kernel_interface.h"
#include "quiesce/headroom.h"

namespace stillwater::dataplane {

struct PortStats {
  std::string name;
  std::string device;
  bool link_up = false;
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_missed = 0;        // lost before a worker saw them: ring full, errors, no buffer
  std::uint32_t rx_ring_packets = 0;  // what its receive rings hold
  double rx_packets_per_s = 0;
  std::optional<Nanos>
      rx_headroom{};  // a longer pause overflows the rings at this rate; none: nothing arrives
};

// The name that DPDK gives to the port of `device`: the part before the first comma.
[[nodiscard]] std::string device_name(const std::string& device);
[[nodiscard]] bool is_pci_address(const std::string& device);

// Owns the port while it lives; a port that existed before is used and stays. Control threads.
class Port {
 public:
  // Opens and configures the device for `workers`: a transmit queue each, and as many receive queues as the
  // device has, one each at most. Buffers come from `pool`. Errors name the port and what to check.
  [[nodiscard]] static Result<std::unique_ptr<Port>> open(const PortConfig& config, std::uint16_t workers,
                                                          rte_mempool* pool);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Frames are received into the port's ring from here on.
  [[nodiscard]] Status start();
  void stop();

  [[nodiscard]] std::uint16_t dpdk_id() const { return id_; }
  [[nodiscard]] std::uint16_t rx_queues() const { return rx_queues_; }
  // What the transmit rings of all workers hold.
  [[nodiscard]] std::uint32_t tx_ring_packets() const { return tx_ring_packets_; }
  // Any thread.
  [[nodiscard]] PortStats stats() const;
  [[nodiscard]] bool has_link() const;
  // Keeps the rate current; one thread, every 100 ms or so.
  void sample_rate(Instant now);

 private:
  Port(const PortConfig& config, std::uint16_t id, bool owned) : config_(config), id_(id), owned_(owned) {}
  [[nodiscard]] Status configure(std::uint16_t workers, rte_mempool* pool);
  [[nodiscard]] Status set_up_queues(std::uint16_t workers, rte_mempool* pool);
  [[nodiscard]] Status accept_virtual_mac();
  [[nodiscard]] std::uint64_t lost_on_reception(const rte_eth_stats& stats) const;
  [[nodiscard]] tl::unexpected<Error> refuse(const std::string& what, int error) const;

  PortConfig config_;
  std::uint16_t id_;
  bool owned_;
  std::uint16_t rx_queues_ = 0;
  std::uint32_t rx_ring_packets_ = 0;
  std::uint32_t tx_ring_packets_ = 0;
  std::optional<KernelInterface> kernel_;      // where the device is an interface of it; set while it opens
  quiesce::ReceiveRate rate_;                  // the sampling thread
  std::atomic<double> rx_packets_per_s_{0.0};  // writer: the sampling thread
  bool started_ = false;
};

}  // namespace stillwater::dataplane
