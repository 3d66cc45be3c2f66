// Gratuitous ARP, and unsolicited neighbour advertisements, for every service address, repeated.
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"
#include "dataplane/datapath/context.h"

namespace stillwater::dataplane {

// Belongs to one worker's thread.
class Announcements {
 public:
  // Announces at the next tick, and again on schedule from then on. While one is going on it begins anew.
  void begin(Instant now);
  // Somebody else uses our MAC or an address: announces, at most once in kConflictPause.
  void conflict(Instant now);
  // Emits what is due. Not without the right to transmit: a network that was not told sends nothing here.
  // True: it announced.
  bool tick(Context& context) { return next_ < kSchedule.size() && emit_due(context); }

 private:
  static constexpr std::array<Nanos, 5> kSchedule{0ms, 20ms, 100ms, 500ms, 2000ms};
  static constexpr Nanos kConflictPause = 1s;

  bool emit_due(Context& context);

  Instant began_{0};
  std::size_t next_ = kSchedule.size();
};

}  // namespace stillwater::dataplane
