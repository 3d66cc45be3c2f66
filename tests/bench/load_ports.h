// The two ports of a run, of one of DPDK's software devices.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <rte_mempool.h>
#include <rte_ring.h>

namespace stillwater::bench {

// `null` gives a full burst of buffers whenever it is asked, and frees what is sent. Of `ring` each port is
// one ring, both ways: what it sends it receives again, so that packets circulate, as those of dpdk-testpmd
// do on `--vdev net_ring0`.
enum class Device : std::uint8_t { null, ring };

// As DPDK names the driver.
[[nodiscard]] const char* name_of(Device device);

// Made before a dataplane opens them, and outlives it. Control thread; ends the program, saying why, where
// something fails.
class LoadPorts {
 public:
  static constexpr unsigned kCirculating = 2 * 256;  // as many as dpdk-testpmd is made to begin with

  // `circulating`: of `ring`; all of them fit into either ring, so that none is ever full.
  explicit LoadPorts(Device device, unsigned circulating = kCirculating);
  ~LoadPorts();
  LoadPorts(const LoadPorts&) = delete;
  LoadPorts& operator=(const LoadPorts&) = delete;

  // Device strings.
  [[nodiscard]] const std::array<std::string, 2>& devices() const { return devices_; }

  [[nodiscard]] bool circulate() const { return pool_ != nullptr; }
  // While nobody polls or sends: as many as shall circulate lie in the rings afterwards. How many were
  // missing before; negative: there were too many. Always 0 of `null`.
  std::int64_t refill();

 private:
  void open_ring(unsigned side);
  void put(rte_ring* ring);

  std::array<std::string, 2> devices_;
  unsigned circulating_;
  rte_mempool* pool_ = nullptr;
  std::array<rte_ring*, 2> rings_{};
  std::array<std::uint16_t, 2> ports_{};
};

}  // namespace stillwater::bench
