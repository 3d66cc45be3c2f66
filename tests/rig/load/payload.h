// Bytes that prove themselves: each message says which flow, direction and number it is, and every other
// byte follows from these three, so a flipped, lost, repeated or foreign byte is seen at the receiver.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/result.h"

namespace stillwater::rig {

enum class Direction : std::uint32_t { to_server = 1, to_client = 2 };

[[nodiscard]] constexpr Direction opposite(Direction direction) {
  return direction == Direction::to_server ? Direction::to_client : Direction::to_server;
}

constexpr std::size_t kMessageBytes = 128;
using Message = std::array<std::byte, kMessageBytes>;

[[nodiscard]] Message make_message(std::uint32_t flow, Direction direction, std::uint32_t number);

// Checks one direction of one flow. The flow is the first message's unless it is given.
class MessageReader {
 public:
  explicit MessageReader(Direction direction, std::optional<std::uint32_t> flow = std::nullopt)
      : direction_(direction), flow_(flow) {}

  // Takes bytes as they arrive, in pieces of any size; calls `on_message` for each whole message in order
  // (its flow, its number: 0, 1, 2 ...). Corrupt at the first byte that is not the expected one; the reader
  // is of no use after that.
  [[nodiscard]] Status feed(std::span<const std::byte> bytes,
                            const std::function<void(std::uint32_t, std::uint32_t)>& on_message);

 private:
  [[nodiscard]] Status check();

  Direction direction_;
  std::optional<std::uint32_t> flow_;
  std::uint32_t next_number_ = 0;
  Message partial_{};
  std::size_t filled_ = 0;
};

}  // namespace stillwater::rig
