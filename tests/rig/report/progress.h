// One line that says what is going on: in place on a terminal, else once a second. On standard error.
#pragma once

#include <string>

#include "base/clock.h"

namespace stillwater::rig {

// One thread.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }

  // Call as often as you like.
  void show(const std::string& text);
  // Takes the line away, before other output.
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  Instant next_{};
};

}  // namespace stillwater::rig
