// Keeps a lead where it is for a while after it has changed: what changes it needlessly (an operator, a
// preference) waits, and the longer the more often it has changed of late. Takeovers do not ask. Sans-io.
#pragma once

#include <deque>

#include "base/clock.h"

namespace stillwater::standby {

// One thread.
class LeadHold {
 public:
  static constexpr Nanos kWindow = 600s;  // changes that are older count no more
  static constexpr int kDoublingsMax = 6;

  explicit LeadHold(Nanos hold_down) : hold_down_(hold_down) {}

  // Another node leads since `now` than before.
  void lead_changed(Instant now);
  // How long the lead is to stay where it is yet: `hold_down` since the last change, doubled for each one
  // before it within kWindow, six times at most. 0: it may go.
  [[nodiscard]] Nanos left(Instant now) const;

 private:
  Nanos hold_down_;
  std::deque<Instant> changes_;  // the newest last; those that can count
};

}  // namespace stillwater::standby
