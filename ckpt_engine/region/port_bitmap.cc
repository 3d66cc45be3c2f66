#include "ckpt_engine/region/port_bitmap.h"

namespace stillwater::region {

std::uint64_t PortBitmap::free_ports(unsigned word, unsigned first, unsigned last) const {
  const unsigned begin = word * 64;
  const unsigned end = begin + 63;
  if (first > end || last < begin) return 0;
  std::uint64_t ports = ~words_[word].taken;
  if (first > begin) ports &= ~std::uint64_t{0} << (first - begin);
  if (last < end) ports &= ~std::uint64_t{0} >> (end - last);
  return ports;
}

}  // namespace stillwater::region
