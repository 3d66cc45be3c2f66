// Which wire formats this program speaks; WIRE_FORMAT.md describes them.
#pragma once

#include <cstdint>
#include <string>

namespace stillwater::wire {

// Both inclusive. A frame is written in the oldest, so that each reader of a format from there on reads it;
// what a newer format adds is sent to a peer alone whose hello says that it reads it.
struct Formats {
  std::uint16_t oldest;
  std::uint16_t newest;

  [[nodiscard]] constexpr bool include(std::uint16_t format) const {
    return oldest <= format && format <= newest;
  }
};

[[nodiscard]] Formats formats_spoken();

// "6", or "6 to 7".
[[nodiscard]] std::string to_text(const Formats& formats);

}  // namespace stillwater::wire
