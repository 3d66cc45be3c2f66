// Time as an argument: protocol code takes an instant, threads take a Clock.
#pragma once

#include <chrono>

namespace stillwater {

using Nanos = std::chrono::nanoseconds;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// An instant on CLOCK_BOOTTIME, which runs on while the machine is suspended: a lease measured on it ends
// even for a node that slept through it.
using Instant = Nanos;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

class BootClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

[[nodiscard]] inline double microseconds(Nanos t) { return static_cast<double>(t.count()) / 1e3; }
[[nodiscard]] inline double milliseconds(Nanos t) { return static_cast<double>(t.count()) / 1e6; }

}  // namespace stillwater
