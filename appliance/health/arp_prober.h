// Who answers at an interface of the kernel, asked in this node's own name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/packet_socket.h"
#include "base/result.h"

namespace stillwater::appliance {

// ARP probes (RFC 5227, 2.1.1): from the interface's own MAC, with no sender address, so that neither the
// virtual MAC is seen elsewhere nor a cache learns anything. One thread. Addresses: IPv4, host byte order.
class ArpProber {
 public:
  // Errors: as open_packet_socket.
  [[nodiscard]] static Result<ArpProber> open(const std::string& interface,
                                              const std::array<std::uint8_t, 6>& virtual_mac);

  // Lost where the interface is down.
  void probe(std::uint32_t address);
  // The next address that has answered this node; nothing: none waits.
  [[nodiscard]] std::optional<std::uint32_t> take_answer();

 private:
  explicit ArpProber(PacketSocket socket) : socket_(std::move(socket)) {}

  PacketSocket socket_;
};

}  // namespace stillwater::appliance
