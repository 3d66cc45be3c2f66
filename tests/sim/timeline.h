// What happens when, in true time: the time that no clock of the simulated nodes shows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace stillwater::sim {

// Events of one instant happen in the order in which they were planned.
class Timeline {
 public:
  [[nodiscard]] Nanos now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  void at(Nanos when, std::function<void()> what) {
    planned_.push_back({std::max(when, now_), order_++, std::move(what)});
    std::push_heap(planned_.begin(), planned_.end(), later);
  }
  void after(Nanos delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  // Does what is next; false if nothing is.
  bool advance() {
    if (planned_.empty()) return false;
    std::pop_heap(planned_.begin(), planned_.end(), later);
    const Event next = std::move(planned_.back());
    planned_.pop_back();
    now_ = next.when;
    ++events_;
    next.what();
    return true;
  }

 private:
  struct Event {
    Nanos when;
    std::uint64_t order;
    std::function<void()> what;
  };
  static bool later(const Event& a, const Event& b) {
    return std::pair(a.when, a.order) > std::pair(b.when, b.order);
  }

  Nanos now_{0};
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  std::vector<Event> planned_;
};

}  // namespace stillwater::sim
