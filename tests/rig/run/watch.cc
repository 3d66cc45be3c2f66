#include "tests/rig/run/watch.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace stillwater::rig {

Result<bool> Watch::wait(const std::string& phase, Instant deadline, const std::function<bool()>& done) {
  while (true) {
    if (interrupts_.happened()) return fail(Errc::failed_precondition, "interrupted");
    if (const std::string trouble = trouble_(); !trouble.empty()) {
      return fail(Errc::unavailable, trouble + " (while " + phase + ")");
    }
    if (done()) return true;
    const Instant now = clock_.now();
    if (now >= deadline) return false;
    const double left = std::ceil(std::chrono::duration<double>(deadline - now).count());
    show(fmt::format("{}, {:.0f} s left{}", phase, left, load_()));
    (void)interrupts_.wait_until(std::min(deadline, now + 200ms));
  }
}

Status Watch::wait_until(const std::string& phase, Instant deadline) {
  const auto waited = wait(phase, deadline, [] { return false; });
  if (!waited) return tl::unexpected(waited.error());
  return {};
}

Status Watch::wait(const std::string& phase, Nanos duration) {
  return wait_until(phase, clock_.now() + duration);
}

}  // namespace stillwater::rig
