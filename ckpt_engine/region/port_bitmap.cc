#include "ckpt_engine/region/port_bitmap.h"

namespace stillwater::region {

// A later epoch than the worker's is of another history, which this node led before.
bool PortBitmap::waits(const Turn& turn, const Given& given) {
  return given.ports && given.epoch > turn.committed() && given.epoch <= turn.epoch();
}

std::uint64_t PortBitmap::free_ports(const Turn& turn, unsigned word, unsigned first, unsigned last) const {
  const unsigned begin = word * 64;
  const unsigned end = begin + 63;
  if (first > end || last < begin) return 0;
  std::uint64_t ports = ~words_[word].taken;
  for (const Given& given : given_)
    if (waits(turn, given)) ports &= ~(*given.ports)[word];
  if (reserved_) ports &= ~(*reserved_)[word];
  if (first > begin) ports &= ~std::uint64_t{0} << (first - begin);
  if (last < end) ports &= ~std::uint64_t{0} >> (end - last);
  return ports;
}

// Where epochs were given up more than two may be open: what waits for an older one then waits longer.
void PortBitmap::wait(const Turn& turn, std::uint16_t port) {
  if (turn.epoch() <= turn.committed()) return;
  Given& given = given_[turn.epoch() & 1];
  if (!given.ports) given.ports = std::make_unique<std::array<std::uint64_t, kWords>>();
  if (!waits(turn, given)) given.ports->fill(0);
  given.epoch = turn.epoch();
  (*given.ports)[port / 64] |= std::uint64_t{1} << (port % 64);
}

void PortBitmap::reserve(std::uint16_t first, std::uint16_t last) {
  if (!reserved_) {
    reserved_ = std::make_unique<std::array<std::uint64_t, kWords>>();
    reserved_->fill(0);
  }
  for (unsigned port = first; port <= last; ++port)
    (*reserved_)[port / 64] |= std::uint64_t{1} << (port % 64);
}

std::optional<std::uint16_t> PortBitmap::first_taken(unsigned first, unsigned last,
                                                     std::optional<std::uint16_t> but) const {
  for (unsigned word = first / 64; word <= last / 64; ++word) {
    std::uint64_t ports = words_[word].taken;
    if (but && *but / 64u == word) ports &= ~(std::uint64_t{1} << (*but % 64));
    if (ports != 0)
      return static_cast<std::uint16_t>(word * 64 + static_cast<unsigned>(std::countr_zero(ports)));
  }
  return std::nullopt;
}

bool PortBitmap::all_free(const Turn& turn, unsigned first, unsigned last,
                          std::optional<std::uint16_t> also_free) const {
  for (unsigned word = first / 64; word <= last / 64; ++word) {
    std::uint64_t ports = free_ports(turn, word, first, last);
    if (also_free && *also_free / 64u == word) ports |= std::uint64_t{1} << (*also_free % 64);
    if (~ports != 0) return false;
  }
  return true;
}

std::uint32_t PortBitmap::count_taken() const {
  int taken = 0;
  for (unsigned word = 0; word < kWords; ++word) taken += std::popcount(taken_of(word));
  return static_cast<std::uint32_t>(taken);
}

std::uint32_t PortBitmap::count_blocks(unsigned size) const {
  const unsigned words = size / 64;
  std::uint32_t blocks = 0;
  for (unsigned word = 0; word < kWords; word += words) {
    std::uint64_t any = 0;
    for (unsigned i = 0; i < words; ++i) any |= taken_of(word + i);
    blocks += any != 0 ? 1 : 0;
  }
  return blocks;
}

}  // namespace stillwater::region
