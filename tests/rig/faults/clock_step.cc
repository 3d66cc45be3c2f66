#include "tests/rig/faults/clock_step.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include <linux/capability.h>
#include <sys/syscall.h>

#include <unistd.h>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

bool may_set_the_clock() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  return (sets[CAP_TO_INDEX(CAP_SYS_TIME)].effective & CAP_TO_MASK(CAP_SYS_TIME)) != 0;
}

Status move_clock(Nanos step) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const Nanos then = std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec) + step;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(then);
  const timespec set{seconds.count(), (then - seconds).count()};
  if (clock_settime(CLOCK_REALTIME, &set) == 0) return {};
  return fail_errno("cannot set the clock", errno);
}

}  // namespace

ClockStep::~ClockStep() {
  if (!stepped_) return;
  if (auto back = move_clock(-step_); !back) {
    std::fprintf(stderr, "left behind: the clock is off by %.3f s: %s\n",
                 std::chrono::duration<double>(step_).count(), back.error().message.c_str());
  }
}

Status ClockStep::prepare() {
  if (may_set_the_clock()) return {};
  return fail(Errc::refused, "this process may not set the clock (CAP_SYS_TIME)");
}

Result<Struck> ClockStep::strike() {
  auto struck = strike_in_real_time([this] { return move_clock(step_); });
  stepped_ = struck.has_value();
  return struck;
}

Result<Struck> ClockStep::heal() {
  if (!stepped_) return Fault::heal();
  auto back = strike_in_real_time([this] { return move_clock(-step_); });
  if (back) stepped_ = false;
  return back;
}

}  // namespace stillwater::rig
