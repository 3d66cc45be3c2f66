// What a predecessor brought, so that a port's own copy of it is known again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace stillwater::dataplane {

// Knows frames by a 64-bit hash of their bytes and port: the last 4096 or more; of those that came before,
// some. One thread adds, any takes.
class BroughtFrames {
 public:
  BroughtFrames();

  // While nobody adds or takes.
  void forget();
  // `port`: PortIndex.
  void add(std::uint16_t port, std::span<const std::byte> bytes);
  // Whether such a frame was added more often than it was taken.
  [[nodiscard]] bool take(std::uint16_t port, std::span<const std::byte> bytes);

 private:
  static constexpr std::uint64_t kNone = 0;
  static constexpr std::uint32_t kWays = 8;
  static constexpr std::uint32_t kSets = 2048;
  struct Set {
    std::atomic<std::uint64_t> hashes[kWays];
  };

  std::vector<Set> sets_;
  std::vector<std::uint8_t> oldest_;  // by set: the way that is written next
};

}  // namespace stillwater::dataplane
