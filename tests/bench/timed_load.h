// A load of TCP that takes no core and knows how long each segment was inside: segments are written into a
// null port's receive bursts on the worker's thread, with the time at which they were due, and read again as
// they are sent.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <rte_ethdev.h>

#include "base/clock.h"

namespace stillwater::bench {

// How long segments were inside, in microseconds: from when they were due to when they were handed to the
// other port. Belongs to the worker's thread; others look while the worker stands still.
struct Latencies {
  std::vector<double> established_us;  // one of kSampled
  std::vector<double> new_session_us;  // every SYN
  static constexpr unsigned kSampled = 32;
};

// What the load is like; changed by any thread.
struct LoadShape {
  std::atomic<double> established_per_s{0};  // of each side; 0: as many as the worker takes
  std::atomic<double> new_per_s{0};          // sessions that the inside begins
};

// One side of the load: data segments of sessions 0 .. sessions-1 as flow_keys.h numbers them, in random
// order, and on the inside SYNs of sessions after those. The first frame is an ARP request, from which the
// dataplane learns its neighbour.
class TimedLoad {
 public:
  enum class Side { inside, outside };
  TimedLoad(Side side, std::uint32_t sessions, const LoadShape& shape, Latencies& latencies);

  // Before the port is started; this outlives all polls of the port.
  void attach(std::uint16_t port);

 private:
  static constexpr double kRing = 1024;  // packets that wait at most while nobody polls; later ones are lost

  static std::uint16_t fill(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                            std::uint16_t max, void* self);
  static std::uint16_t note(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                            void* self);
  // Even arrivals.
  class Arrivals {
   public:
    void set_rate(double per_s, Instant now);
    [[nodiscard]] bool is_due(Instant now) const { return per_s_ > 0 && next_ <= now; }
    Instant take();
    void lose_before(Instant oldest);

   private:
    double per_s_ = 0;
    Nanos apart_{};
    Instant next_{};
  };
  void write_segment(rte_mbuf* packet, std::uint32_t session, bool is_new, Instant due);
  [[nodiscard]] std::uint32_t any_session();

  Side side_;
  std::uint32_t sessions_;
  const LoadShape& shape_;
  Latencies& latencies_;
  std::uint64_t random_;
  std::uint32_t fresh_ = 0;
  unsigned seen_ = 0;
  Arrivals established_, fresh_arrivals_;
  bool greeted_ = false;
};

}  // namespace stillwater::bench
