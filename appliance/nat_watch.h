// The thread that looks after the pools of source NAT while this node leads, and tells the log what is short.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "appliance/nat_alarms.h"
#include "base/clock.h"
#include "dataplane/dataplane.h"

namespace stillwater::appliance {

// Runs from its making to its end. A thread of its own, since it counts the ports of all pools: 24 KiB of
// memory an address and worker, once a second. `plane` and `clock` outlive it, `leads` may be called from
// that thread.
class NatWatch {
 public:
  NatWatch(const dataplane::Dataplane& plane, std::function<bool()> leads, const Clock& clock);

  // Any thread.
  [[nodiscard]] PoolAlarm of(const dataplane::NatPoolUse& use) const;

 private:
  void run(const std::stop_token& ending);
  void look();

  const dataplane::Dataplane& plane_;
  const std::function<bool()> leads_;
  const Clock& clock_;
  Instant next_count_{0};
  std::uint64_t refused_ = 0;
  mutable std::mutex mutex_;
  NatAlarms alarms_;       // under mutex_
  std::mutex wait_mutex_;  // nothing but the wait is under it
  std::condition_variable_any wakes_;
  std::jthread thread_;
};

}  // namespace stillwater::appliance
