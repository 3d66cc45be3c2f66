#include "ckpt_engine/region/port_bitmap.h"

#include <bit>

namespace stillwater::region {

std::optional<std::uint16_t> PortBitmap::take(Turn& turn, std::uint16_t first, std::uint16_t last,
                                              std::uint16_t start) {
  const unsigned ports = last - first + 1u;
  unsigned port = start;
  for (unsigned looked = 0; looked < ports;) {
    if (port < first || port > last) port = first;
    const std::uint64_t free_from_here = ~words_[port / 64].taken >> (port % 64);
    const unsigned skip =
        free_from_here == 0 ? 64 - port % 64 : static_cast<unsigned>(std::countr_zero(free_from_here));
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
