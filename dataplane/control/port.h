// One DPDK port from its device string to its removal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <rte_mempool.h>

#include "base/result.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

struct PortStats {
  std::string name;
  std::string device;
  bool link_up = false;
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_missed = 0;  // lost before a worker saw them: ring full, errors, no buffer
};

// The name that DPDK gives to the port of `device`: the part before the first comma.
[[nodiscard]] std::string device_name(const std::string& device);
[[nodiscard]] bool is_pci_address(const std::string& device);

// Owns the port while it lives; a port that existed before is used and stays. Control threads.
class Port {
 public:
  // Opens and configures the device with `queues` queue pairs that take buffers from `pool`. Errors name the
  // port and what to check.
  [[nodiscard]] static Result<std::unique_ptr<Port>> open(const PortConfig& config, std::uint16_t queues,
                                                          rte_mempool* pool);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Frames are received into the port's ring from here on.
  [[nodiscard]] Status start();
  void stop();

  [[nodiscard]] std::uint16_t dpdk_id() const { return id_; }
  [[nodiscard]] PortStats stats() const;

 private:
  Port(const PortConfig& config, std::uint16_t id, bool owned) : config_(config), id_(id), owned_(owned) {}
  [[nodiscard]] Status configure(std::uint16_t queues, rte_mempool* pool);
  [[nodiscard]] Status accept_virtual_mac();
  [[nodiscard]] tl::unexpected<Error> refuse(const std::string& what, int error) const;

  PortConfig config_;
  std::uint16_t id_;
  bool owned_;
  bool started_ = false;
};

}  // namespace stillwater::dataplane
