// Waiting with one eye on everything that can go wrong. Every wait of a repetition is one of these.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/process/interrupts.h"
#include "tests/rig/report/progress.h"

namespace stillwater::rig {

// Main thread. The functions outlive it.
class Watch {
 public:
  Watch(Interrupts& interrupts, std::string title) : interrupts_(interrupts), title_(std::move(title)) {}

  // What may go wrong meanwhile, in words; empty: nothing did.
  void look_out_for(std::function<std::string()> trouble) { trouble_ = std::move(trouble); }
  // What the load does, for the progress line.
  void show_also(std::function<std::string()> load) { load_ = std::move(load); }

  // Shows progress until `done` or `deadline`; true: done. An error where the run cannot go on.
  [[nodiscard]] Result<bool> wait(const std::string& phase, Instant deadline,
                                  const std::function<bool()>& done);
  [[nodiscard]] Status wait_until(const std::string& phase, Instant deadline);
  [[nodiscard]] Status wait(const std::string& phase, Nanos duration);

  void show(const std::string& phase) { progress_.show(title_ + phase); }
  void clear() { progress_.clear(); }

 private:
  Interrupts& interrupts_;
  std::string title_;
  BootClock clock_;
  Progress progress_;
  std::function<std::string()> trouble_ = [] { return std::string(); };
  std::function<std::string()> load_ = [] { return std::string(); };
};

}  // namespace stillwater::rig
