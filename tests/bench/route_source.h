// Packets to random destinations.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <rte_ether.h>

#include "base/ip_address.h"
#include "tests/bench/load_source.h"

namespace stillwater::bench {

// UDP packets to `destinations`, round and round, all of one family.
class RouteSource final : public LoadSource {
 public:
  struct Load {
    rte_ether_addr to;  // the port's virtual MAC
    rte_ether_addr from;
    IpAddress source;
    std::vector<IpAddress> destinations;
    std::vector<std::uint16_t> frame_bytes{60};  // in turn; without the CRC, so that 60 is a frame of 64
  };
  explicit RouteSource(const Load& load);

 private:
  static constexpr std::size_t kHeadBytes = 64;

  void write(rte_mbuf** packets, std::uint16_t n) override;
  void write_head(std::uint8_t* to);

  bool is_v4_;
  alignas(64) std::array<std::uint8_t, kHeadBytes> head_{};  // of 60-octet frames, to no destination
  std::vector<std::uint32_t> destinations4_be_;
  std::vector<IpAddress> destinations6_;
  std::vector<std::uint16_t> frame_bytes_;
  std::uint32_t sum_ = 0;  // of the head's IPv4 header without length and destination
  std::size_t next_ = 0;
  std::size_t next_length_ = 0;
  std::uint16_t length_ = 60;
};

}  // namespace stillwater::bench
