// Decides from looks at the queues when a stopped program holds no packet any more (mission Q4), or that it
// never will in time (Q8). Values in, a verdict out; knows neither DPDK nor a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"

namespace stillwater::quiesce::plugin {

enum class Direction : std::uint8_t { receive, transmit };

struct QueueLook {
  Direction direction;
  std::uint16_t port;
  std::uint16_t queue;
  bool stopped;       // its receive function returns 0 by now
  bool shared;        // several threads may be inside at once
  bool polled;        // a thread polled it shortly before the stop
  bool wrapper_seen;  // called through the wrapper at least once since that was installed
  Instant wrapped_at;
  std::uint64_t entered;  // read after `left`
  std::uint64_t left;
  std::uint64_t packets;
};

struct ThreadLook {
  pid_t id;
  Nanos ran;  // processor time it has had
};

struct Look {
  Instant at;
  std::vector<QueueLook> queues;
  std::uint64_t received;      // by all ports that ever were, since the program began
  std::uint64_t transmitted;   // likewise
  bool balance_trusted;        // nothing showed yet that the program makes or drops packets
  bool pools_known;            // a packet was received, so its pool is known
  std::uint64_t in_pools_use;  // packets that are out of the pools which feed the ports
  std::vector<ThreadLook> threads;
};

enum class Basis : std::uint8_t { pools, balance, settled };
[[nodiscard]] const char* name_of(Basis basis);

struct Verdict {
  enum class State : std::uint8_t { wait, free, timed_out } state;
  Basis basis{};                  // where free
  bool exact = false;             // where free
  std::uint64_t unaccounted = 0;  // where free and not exact: dropped by the program, or held on purpose
  std::uint64_t inside = 0;       // where timed out
  std::string reason{};           // where timed out
};

// One quiesce, one thread.
class Settling {
 public:
  using IsRunnable = std::function<bool(pid_t)>;

  // A queue that was wrapped but not called since may have a thread inside the bare driver for this long.
  static constexpr Nanos kGrace = 20ms;
  // The first poll after the stop ends the turn of the packets received before it; the second, the turn that
  // began with nothing.
  static constexpr std::uint64_t kRounds = 2;

  // `start` was taken when the stop was visible to every thread. `is_runnable` tells whether a thread wants
  // the processor.
  Settling(const Look& start, Nanos timeout, Nanos settle, IsRunnable is_runnable);

  [[nodiscard]] Verdict look(const Look& now);

 private:
  using Key = std::pair<std::uint16_t, std::uint16_t>;

  void note_activity(const Look& now);
  // Each returns what it waits for; empty: nothing.
  [[nodiscard]] std::string calls_inside(const Look& now);
  [[nodiscard]] std::string rounds_missing(const Look& now);
  [[nodiscard]] std::string unsettled(const Look& now);
  [[nodiscard]] std::string starved_thread(const Look& now);
  [[nodiscard]] std::uint64_t base_of(const QueueLook& queue);

  Instant deadline_;
  Nanos settle_;
  IsRunnable is_runnable_;
  std::map<Key, std::uint64_t> entered_at_stop_;  // receive queues
  std::map<Key, std::uint64_t> packets_sent_;     // transmit queues, at the last look
  std::map<pid_t, Nanos> ran_at_activity_;
  std::uint64_t in_pools_use_ = 0;
  Instant active_at_;
  std::string last_sender_;
  int full_looks_ = 0;
};

}  // namespace stillwater::quiesce::plugin
