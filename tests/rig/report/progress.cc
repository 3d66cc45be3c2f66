#include "tests/rig/report/progress.h"

#include <cstdio>

#include <unistd.h>

namespace stillwater::rig {

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::show(const std::string& text) {
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
    shown_ = true;
    return;
  }
  const Instant now = BootClock().now();
  if (now < next_) return;
  next_ = now + 1s;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Progress::clear() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
  shown_ = false;
}

}  // namespace stillwater::rig
