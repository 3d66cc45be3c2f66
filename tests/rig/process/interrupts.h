// Ctrl-C, SIGTERM and SIGHUP as something that the main thread asks about, so that every way out runs the
// destructors that take the namespaces away.
#pragma once

#include "base/clock.h"

namespace stillwater::rig {

// Make one before any thread: the signals are blocked in this thread and in those that it starts.
// SIGPIPE is ignored: a reader of our output that went away must not leave namespaces behind.
class Interrupts {
 public:
  Interrupts();

  // Waits until `deadline`, or until a signal came. Main thread only.
  [[nodiscard]] bool wait_until(Instant deadline);

  [[nodiscard]] bool happened() { return wait_until(Instant{}); }
  // The signal that came; 0: none.
  [[nodiscard]] int signal_number() const { return signal_; }

 private:
  int signal_ = 0;
};

}  // namespace stillwater::rig
