#include "tests/rig/process/interrupts.h"

#include <algorithm>
#include <csignal>

#include <pthread.h>

namespace stillwater::rig {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A shell's background job starts with SIGINT ignored, and an ignored signal is never pending.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
}

bool Interrupts::wait_until(Instant deadline) {
  const BootClock clock;
  const sigset_t set = watched();
  while (signal_ == 0) {
    const Nanos left = std::max(deadline - clock.now(), Nanos{0});
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec limit{seconds.count(), (left - seconds).count()};
    const int number = sigtimedwait(&set, nullptr, &limit);
    if (number > 0) signal_ = number;
    if (number < 0 && left == Nanos{0}) break;
  }
  return signal_ != 0;
}

}  // namespace stillwater::rig
