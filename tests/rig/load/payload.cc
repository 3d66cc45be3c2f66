#include "tests/rig/load/payload.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace stillwater::rig {
namespace {

constexpr std::uint32_t kMagic = 0x53574C31;  // "SWL1"

struct Header {
  std::uint32_t magic;
  std::uint32_t flow;
  std::uint32_t number;
  Direction direction;
};
static_assert(sizeof(Header) == 16 && kMessageBytes % sizeof(std::uint64_t) == 0);

// splitmix64: every output byte depends on every bit of the seed.
std::uint64_t next_word(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15u;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

Message make_message(std::uint32_t flow, Direction direction, std::uint32_t number) {
  Message message;
  const Header header{kMagic, flow, number, direction};
  std::memcpy(message.data(), &header, sizeof(header));
  std::uint64_t state = (std::uint64_t{flow} << 32 | number) * 2 + static_cast<std::uint32_t>(direction);
  for (std::size_t at = sizeof(header); at < message.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = next_word(state);
    std::memcpy(message.data() + at, &word, sizeof(word));
  }
  return message;
}

Status MessageReader::feed(std::span<const std::byte> bytes,
                           const std::function<void(std::uint32_t, std::uint32_t)>& on_message) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kMessageBytes - filled_);
    std::memcpy(partial_.data() + filled_, bytes.data(), count);
    filled_ += count;
    bytes = bytes.subspan(count);
    if (filled_ < kMessageBytes) continue;
    if (Status status = check(); !status) return status;
    filled_ = 0;
    on_message(*flow_, next_number_++);
  }
  return {};
}

Status MessageReader::check() {
  if (!flow_) {
    Header header{};
    std::memcpy(&header, partial_.data(), sizeof(header));
    flow_ = header.flow;
  }
  const Message expected = make_message(*flow_, direction_, next_number_);
  const auto [got, wanted] = std::mismatch(partial_.begin(), partial_.end(), expected.begin());
  if (got == partial_.end()) return {};
  return fail(Errc::corrupt, "flow " + std::to_string(*flow_) + ", message " + std::to_string(next_number_) +
                                 ": byte " + std::to_string(got - partial_.begin()) + " differs");
}

}  // namespace stillwater::rig
