#include "ckpt_engine/region/port_bitmap.h"

#include <algorithm>
#include <bit>

namespace stillwater::region {

std::optional<std::uint16_t> PortBitmap::take(Turn& turn, std::uint16_t first, std::uint16_t last,
                                              std::uint16_t start) {
  if (first > last) return std::nullopt;
  const unsigned ports = last - first + 1u;
  unsigned port = start;
  for (unsigned looked = 0; looked < ports;) {
    if (port < first || port > last) port = first;
    const std::uint64_t free_from_here = ~words_[port / 64].taken >> (port % 64);
    unsigned skip = 64 - port % 64;
    if (free_from_here != 0) skip = static_cast<unsigned>(std::countr_zero(free_from_here));
    // What is taken beyond the range says nothing about the range's beginning.
    skip = std::min(skip, last + 1u - port);
    if (free_from_here != 0 && port + skip <= last && looked + skip < ports) {
      port += skip;
      Write<PortWord>(turn, words_[port / 64])->taken |= std::uint64_t{1} << (port % 64);
      return static_cast<std::uint16_t>(port);
    }
    looked += skip;
    port += skip;
  }
  return std::nullopt;
}

}  // namespace stillwater::region
