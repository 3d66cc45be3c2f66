// How many connections of a load are in which state, kept current by the load's thread and read by others.
#pragma once

#include <atomic>
#include <cstdint>

namespace stillwater::rig {

// What each means for its connections, a load's account says.
struct ConnectionCounts {
  std::uint32_t established = 0;
  std::uint32_t survived = 0;
  std::uint32_t broken = 0;
};

// One writer thread. Relaxed: only the counters' own values matter.
class ConnectionTally {
 public:
  // A connection (with established(), survived() and `broken`) went from one state to another.
  template <class Connection>
  void change(const Connection& before, const Connection& after) {
    add(established_, before.established(), after.established());
    add(survived_, before.survived(), after.survived());
    add(broken_, before.broken, after.broken);
  }

  // Any thread.
  [[nodiscard]] ConnectionCounts counts() const {
    return {established_.load(std::memory_order_relaxed), survived_.load(std::memory_order_relaxed),
            broken_.load(std::memory_order_relaxed)};
  }

 private:
  static void add(std::atomic<std::uint32_t>& counter, bool was, bool is) {
    counter.fetch_add(static_cast<std::uint32_t>(is) - static_cast<std::uint32_t>(was),
                      std::memory_order_relaxed);
  }

  std::atomic<std::uint32_t> established_{0};
  std::atomic<std::uint32_t> survived_{0};
  std::atomic<std::uint32_t> broken_{0};
};

}  // namespace stillwater::rig
