// How long a pause a port's receive rings can absorb before they overflow (mission Q3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace stillwater::quiesce {

// The rate at which a port receives, from its packet counter. Pure; one thread.
class ReceiveRate {
 public:
  static constexpr Nanos kWindow = 100ms;

  // `packets`: received or lost since start. Looks no oftener than once in a window.
  void sample(Instant now, std::uint64_t packets) {
    if (!last_at_) {
      last_at_ = now;
      last_packets_ = packets;
      return;
    }
    const Nanos elapsed = now - *last_at_;
    if (elapsed < kWindow) return;
    const std::uint64_t arrived =
        packets >= last_packets_ ? packets - last_packets_ : 0;  // counters were reset
    before_ = latest_;
    latest_ = static_cast<double>(arrived) / std::chrono::duration<double>(elapsed).count();
    last_at_ = now;
    last_packets_ = packets;
  }

  // Packets a second: the greater of the last two windows, so that a burst is not forgotten at once.
  [[nodiscard]] double packets_per_s() const { return std::max(latest_, before_); }

 private:
  std::optional<Instant> last_at_;
  std::uint64_t last_packets_ = 0;
  double latest_ = 0;
  double before_ = 0;
};

// `ring_packets`: what the rings of a port hold. Nothing: no packet arrives, so any pause will do.
[[nodiscard]] inline std::optional<Nanos> receive_headroom(std::uint32_t ring_packets, double packets_per_s) {
  if (packets_per_s <= 0) return std::nullopt;
  const std::chrono::duration<double> pause(static_cast<double>(ring_packets) / packets_per_s);
  return std::chrono::duration_cast<Nanos>(std::min(pause, std::chrono::duration<double>(3600)));
}

// Whether a pause of `blackout` comes near the end of `headroom`: past half of it.
[[nodiscard]] inline bool is_near(Nanos blackout, std::optional<Nanos> headroom) {
  return headroom && blackout * 2 > *headroom;
}

}  // namespace stillwater::quiesce
