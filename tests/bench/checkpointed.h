// What a benchmark of the engine needs around it: a region, one busy worker that writes it on a core of its
// own, and a standby that takes everything and commits at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/region/turn.h"
#include "quiesce/worker_barrier.h"

namespace stillwater::bench {

// Ends the program, saying why.
void must(const Status& done, const char* what);
template <class T>
[[nodiscard]] T must(Result<T> made, const char* what) {
  if (!made) must(tl::unexpected(made.error()), what);
  return std::move(*made);
}

// The first core is the benchmark's own, the last the worker's.
void pin_this_thread_to_first_core();
void pin_this_thread_to_last_core();

// Takes every frame. What a standby costs is not measured with it.
class NullStandby final : public wire::Transport {
 public:
  Status send(wire::Bytes) override { return {}; }
};

// A worker that turns without pause, and between two packet boundaries does what it is asked to.
class BusyWorker {
 public:
  using Work = std::function<void(region::Turn&)>;

  // Everything outlives it; the barrier has one gate.
  BusyWorker(const region::Region& region, region::WorkerMarks& marks, quiesce::WorkerBarrier& barrier,
             const CommittedEpoch& epochs);
  ~BusyWorker();
  // Returns when the work is done, in one turn, and the worker turns on.
  void does(const Work& work);
  // From its next turn on it leaves the core to others, parked and so quiesced, or takes it again. At first
  // it is awake.
  void rest();
  void wake();

 private:
  void run();

  const region::Region& region_;
  region::WorkerMarks& marks_;
  quiesce::WorkerBarrier& barrier_;
  const CommittedEpoch& epochs_;
  std::atomic<const Work*> work_{nullptr};  // writers: `does` sets, the worker clears
  std::atomic<bool> end_{false};            // writer: the destructor
  std::atomic<bool> resting_{false};
  std::thread thread_;
};

// The engine over a region of one hard root (and one soft page), with such a worker.
class Checkpointed {
 public:
  // `tracker`: as trackers::make_tracker names them.
  Checkpointed(std::uint64_t hard_bytes, const std::string& tracker);
  // Any roots.
  Checkpointed(const region::Layout& layout, const std::string& tracker);

  // One checkpoint, committed. Pause from request to resumed.
  Nanos pause_of_checkpoint();
  // Forgets what was written.
  void begin_anew();

  [[nodiscard]] std::byte* hard() const { return region_->root("hard").data; }
  [[nodiscard]] std::uint64_t hard_bytes() const { return region_->root("hard").bytes; }
  [[nodiscard]] const region::Region& region() const { return *region_; }
  [[nodiscard]] BusyWorker& worker() { return *worker_; }
  [[nodiscard]] engine::Engine& engine() { return *engine_; }
  [[nodiscard]] const engine::Sample& last_sample() const { return engine_->last_sample(); }

 private:
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<region::WorkerMarks> marks_;
  BootClock clock_;
  CommittedEpoch epochs_;
  quiesce::WorkerBarrier barrier_{1, clock_};
  std::unique_ptr<trackers::DirtyTracker> tracker_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<BusyWorker> worker_;
  NullStandby standby_;
};

}  // namespace stillwater::bench
