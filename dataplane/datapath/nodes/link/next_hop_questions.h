// Asks the next hops of tracked routes whether they are there.
#pragma once

#include <cstddef>

#include "dataplane/config.h"
#include "dataplane/datapath/context.h"

namespace stillwater::dataplane {

// All of them, each once an interval, dead or alive: context.next_hops counts what is not answered. Belongs
// to the one worker of a dataplane that asks.
class NextHopQuestions {
 public:
  explicit NextHopQuestions(const NextHopTrackingConfig& config) : config_(config) {}

  // Asks some of those that are due. Only in a turn that has polled: what had been answered is known then.
  void tick(Context& context);

 private:
  static constexpr std::size_t kPerTurn = 16;
  static constexpr Nanos kTick = 10ms;  // between two looks at all of them

  void ask(Context& context, WatchedNextHop& hop) const;

  NextHopTrackingConfig config_;
  std::size_t cursor_ = 0;
  Instant next_tick_{0};
};

}  // namespace stillwater::dataplane
