// The thread on which a router's routes follow their next hops, and which says so in the log.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/repeat_filter.h"
#include "dataplane/dataplane.h"

namespace stillwater::appliance {

// Runs from its making to its end. A thread of its own, since a change of many routes takes longer than any
// other thread may wait. `plane` and `clock` outlive it.
class NextHopWatch {
 public:
  NextHopWatch(dataplane::Dataplane& plane, const Clock& clock);

 private:
  void run(const std::stop_token& ending);
  void look();

  dataplane::Dataplane& plane_;
  const Clock& clock_;
  RepeatFilter failures_said_;
  std::mutex mutex_;  // nothing but the wait is under it
  std::condition_variable_any wakes_;
  std::jthread thread_;
};

}  // namespace stillwater::appliance
