// Tells the peer's heartbeats from everybody else's, where the connection to it is secured.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "appliance/replication/channel.h"
#include "base/clock.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::appliance {

// Behind a heartbeat stand the key's name (8 bytes) and a MAC (HMAC-SHA-256, its first 16 bytes) over both
// and the number of the path: what was recorded on one path is nothing on the other. The keys are the secrets
// of the newest connections. One thread at a time.
class HeartbeatKeys {
 public:
  static constexpr std::size_t kTrailer = 24;
  static constexpr std::size_t kDatagram = sizeof(wire::Heartbeat) + kTrailer;
  // Two that dial at once have two connections, and the peer may still use one from before.
  static constexpr std::size_t kKeysMax = 4;

  explicit HeartbeatKeys(std::uint8_t path) : path_(path) {}

  // Heartbeats are sealed with this secret from now on, and opened with it as well.
  void learn(const ConnectionSecret& secret);

  // Nothing while no secret is known.
  [[nodiscard]] std::optional<std::array<std::byte, kDatagram>> seal(const wire::Heartbeat& beat) const;
  // Sealed with a known key, however old: one of this node's own that came back.
  [[nodiscard]] bool knows(std::span<const std::byte> datagram) const { return key_of(datagram) != nullptr; }
  // Nothing if no known key sealed it, or if it is no newer than the newest that this key opened.
  [[nodiscard]] std::optional<wire::Heartbeat> open(std::span<const std::byte> datagram);

 private:
  struct Key {
    ConnectionSecret secret;
    std::array<std::byte, 8> name;
    Instant newest_stamp{};  // the sender's
  };
  // That sealed it; null: none.
  [[nodiscard]] const Key* key_of(std::span<const std::byte> datagram) const;
  [[nodiscard]] std::array<std::byte, 16> mac_of(const ConnectionSecret& secret,
                                                 std::span<const std::byte> datagram) const;

  std::uint8_t path_;
  std::deque<Key> keys_;  // newest first
};

}  // namespace stillwater::appliance
