// What heartbeats travel by: UDP over a cable, or frames of their own at a data port.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "appliance/config/config.h"
#include "base/result.h"

namespace stillwater::appliance {

// One thread. Non-blocking.
class BeatSocket {
 public:
  virtual ~BeatSocket() = default;

  [[nodiscard]] virtual int fd() const = 0;
  virtual void close() = 0;
  // Whether there is a way to the peer, as far as this node knows; asked again before each use.
  [[nodiscard]] virtual bool connected() = 0;
  virtual void send(std::span<const std::byte> datagram) = 0;
  // The next datagram, or as much of it as fits; nothing: none waits.
  [[nodiscard]] virtual std::optional<std::size_t> receive(std::span<std::byte> datagram) = 0;
  // One of this node's own that the peer's kernel refused: no process is there (see take_refused).
  [[nodiscard]] virtual std::optional<std::size_t> take_refused(std::span<std::byte> datagram) = 0;
};

// Errors: io, naming the address.
[[nodiscard]] Result<std::unique_ptr<BeatSocket>> udp_beats(const PathConfig& path);

// Frames of this EtherType from the interface's own MAC to a multicast one (IEEE Std 802, 9.2.3: for local
// experiments), so that neither node has to know the other's. Errors: as open_packet_socket.
inline constexpr std::uint16_t kBeatEtherType = 0x88b5;
[[nodiscard]] Result<std::unique_ptr<BeatSocket>> link_beats(const HeartbeatPort& port);

}  // namespace stillwater::appliance
