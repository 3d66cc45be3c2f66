// Seam between the two halves: which epoch the workers are in, and which one is safe on the standby.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/fd.h"

namespace stillwater {

// Epoch n is what the workers did between checkpoint n-1 and checkpoint n. Epoch 0 is the empty region.
class CommittedEpoch {
 public:
  // What `committed` says while no standby has to agree: everything is released at once.
  static constexpr std::uint64_t kNobodyToWaitFor = std::numeric_limits<std::uint64_t>::max();

  // The epoch that hard writes belong to now. Changes only while all workers are quiesced.
  [[nodiscard]] std::uint64_t current() const { return current_.load(std::memory_order_acquire); }

  // Output that depends on this epoch or an earlier one may leave. Workers read it once a turn.
  [[nodiscard]] std::uint64_t committed() const { return committed_.load(std::memory_order_acquire); }

  // A worker holds output that waits for the current epoch. The first call since the last checkpoint wakes
  // whoever sleeps on `wake_fd`; the others cost a load.
  void ask_for_checkpoint() {
    if (wanted_.load(std::memory_order_relaxed) || wanted_.exchange(true, std::memory_order_seq_cst)) return;
    wake_sleeper();
  }
  // A worker holds output for the current epoch that can wait a little, since `now`. The first call since the
  // last checkpoint wakes as well.
  void ask_for_checkpoint_later(Instant now) {
    deferred_.fetch_add(1, std::memory_order_relaxed);
    auto none = kNothingDeferred;
    if (deferred_since_ns_.compare_exchange_strong(none, now.count(), std::memory_order_seq_cst))
      wake_sleeper();
  }
  struct Deferred {
    std::uint32_t packets = 0;
    Instant since{};
  };
  // Since when any wait, with how many at least.
  [[nodiscard]] Deferred deferred() const {
    const std::int64_t since = deferred_since_ns_.load(std::memory_order_seq_cst);
    if (since == kNothingDeferred) return {};
    return {deferred_.load(std::memory_order_relaxed), Instant(since)};
  }
  [[nodiscard]] bool checkpoint_wanted() const { return wanted_.load(std::memory_order_seq_cst); }

  // An eventfd that becomes readable when a checkpoint is asked for.
  [[nodiscard]] int wake_fd() const { return wake_.get(); }
  void wake();

  // The engine alone calls these. Waking a core that sleeps costs the worker that does it some 15 us in a
  // virtual machine, so it is done only for an engine that will not look soon by itself.
  void look_by_itself() { sleeps_.store(false, std::memory_order_relaxed); }
  // From now on a request wakes. One that came before this did not: look for it after the call.
  void sleep_until_woken() { sleeps_.store(true, std::memory_order_seq_cst); }
  void set_current(std::uint64_t epoch) {
    wanted_.store(false, std::memory_order_release);
    deferred_since_ns_.store(kNothingDeferred, std::memory_order_release);
    deferred_.store(0, std::memory_order_relaxed);
    current_.store(epoch, std::memory_order_release);
  }
  void set_committed(std::uint64_t epoch) { committed_.store(epoch, std::memory_order_release); }

 private:
  void wake_sleeper() {
    if (sleeps_.load(std::memory_order_seq_cst)) wake();
  }

  static constexpr std::int64_t kNothingDeferred = std::numeric_limits<std::int64_t>::min();

  UniqueFd wake_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  alignas(64) std::atomic<std::uint64_t> current_{1};              // writer: engine
  std::atomic<std::uint64_t> committed_{kNobodyToWaitFor};         // writer: engine
  std::atomic<bool> sleeps_{true};                                 // writer: engine
  alignas(64) std::atomic<bool> wanted_{false};                    // writers: workers set, engine clears
  std::atomic<std::uint32_t> deferred_{0};                         // writers: likewise
  std::atomic<std::int64_t> deferred_since_ns_{kNothingDeferred};  // writers: likewise
};

}  // namespace stillwater
