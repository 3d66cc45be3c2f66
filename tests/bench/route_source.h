// Packets to random destinations, in a load that takes no core (as flow_source.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <rte_ethdev.h>
#include <rte_ether.h>

#include "base/ip_address.h"

namespace stillwater::bench {

// UDP packets to `destinations`, round and round, all of one family; written into what a port receives,
// whatever lies there. One a port.
class RouteSource {
 public:
  struct Load {
    rte_ether_addr to;  // the port's virtual MAC
    rte_ether_addr from;
    IpAddress source;
    std::vector<IpAddress> destinations;
    std::vector<std::uint16_t> frame_bytes{60};  // in turn; without the CRC, so that 60 is a frame of 64
  };
  explicit RouteSource(const Load& load);

  // Before the port is started; detach before the source goes, once nobody polls the port.
  void attach(std::uint16_t port);
  void detach();
  // Written first, once: what makes a neighbour known.
  void greet_with(std::vector<std::uint8_t> frame) { greetings_.push_back(std::move(frame)); }
  // Once more, while nobody polls the port or on the thread that does: neighbours that nobody hears of are
  // asked for, then forgotten.
  void greet_again() { greeted_ = 0; }

 private:
  static constexpr std::size_t kHeadBytes = 64;

  static std::uint16_t fill(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                            std::uint16_t max, void* self);
  void write_head(std::uint8_t* to);

  bool is_v4_;
  alignas(64) std::array<std::uint8_t, kHeadBytes> head_{};  // of 60-octet frames, to no destination
  std::vector<std::uint32_t> destinations4_be_;
  std::vector<IpAddress> destinations6_;
  std::vector<std::uint16_t> frame_bytes_;
  std::uint32_t sum_ = 0;  // of the head's IPv4 header without length and destination
  std::vector<std::vector<std::uint8_t>> greetings_;
  std::size_t greeted_ = 0;
  std::size_t next_ = 0;
  std::size_t next_length_ = 0;
  std::uint16_t length_ = 60;
  std::uint16_t port_ = 0;
  const rte_eth_rxtx_callback* callback_ = nullptr;
};

}  // namespace stillwater::bench
