#include "tests/bench/checkpointed.h"

#include <cstdio>
#include <cstdlib>

#include <sched.h>

#include "ckpt_engine/trackers/factory.h"
#include "quiesce/interface_agent.h"

namespace stillwater::bench {
namespace {

constexpr std::uint64_t kTerm = 1;
constexpr std::uint64_t kRestNs = 100'000;  // at a time

void pin_to(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

region::Layout hard_and_soft(std::uint64_t hard_bytes) {
  region::Layout layout;
  layout.add("hard", region::StateClass::hard, hard_bytes, region::kLineBytes);
  layout.add("soft", region::StateClass::soft, region::kPageBytes, region::kLineBytes);
  return layout;
}

}  // namespace

void must(const Status& done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "%s: %s\n", what, done.error().message.c_str());
  std::exit(1);
}

void pin_this_thread_to_first_core() { pin_to(0); }
void pin_this_thread_to_last_core() { pin_to(std::thread::hardware_concurrency() - 1); }

BusyWorker::BusyWorker(const region::Region& region, region::WorkerMarks& marks,
                       quiesce::WorkerBarrier& barrier, const CommittedEpoch& epochs)
    : region_(region), marks_(marks), barrier_(barrier), epochs_(epochs), thread_([this] { run(); }) {}

BusyWorker::~BusyWorker() {
  end_ = true;
  wake();
  thread_.join();
}

void BusyWorker::run() {
  pin_this_thread_to_last_core();
  const BootClock clock;
  quiesce::InterfaceAgent agent(barrier_.gate(0), {});
  region::Turn turn(region_, marks_);
  while (!end_.load(std::memory_order_relaxed)) {
    if (resting_.load(std::memory_order_relaxed)) agent.park(kRestNs);
    turn.begin(epochs_.current(), clock.now());
    if (const Work* work = work_.load(std::memory_order_acquire); work != nullptr) {
      (*work)(turn);
      work_.store(nullptr, std::memory_order_release);
    }
    agent.at_boundary();
  }
}

void BusyWorker::does(const Work& work) {
  work_.store(&work, std::memory_order_release);
  while (work_.load(std::memory_order_acquire) != nullptr) __builtin_ia32_pause();
}

void BusyWorker::rest() { resting_ = true; }

void BusyWorker::wake() { resting_ = false; }

Checkpointed::Checkpointed(std::uint64_t hard_bytes, const std::string& tracker)
    : Checkpointed(hard_and_soft(hard_bytes), tracker) {}

Checkpointed::Checkpointed(const region::Layout& layout, const std::string& tracker) {
  region_ = must(region::Region::create(layout), "region");
  region_->set_identity({1}, kTerm);
  marks_ = std::make_unique<region::WorkerMarks>(region::kDataOffset, region_->soft_begin(), region_->size());
  tracker_ =
      must(trackers::make_tracker(tracker, *region_, {marks_.get()}, [](const std::string&) {}), "tracker");
  engine::Policy policy;
  policy.brownout_bytes = UINT64_MAX;  // the pause is measured, not what goes ahead of it
  policy.quiesce_timeout = 1s;
  engine_ = std::make_unique<engine::Engine>(
      engine::Engine::Parts{*region_, *tracker_, barrier_, epochs_, clock_,
                            must(engine::Staging::create(32u << 20), "staging")},
      policy);
  engine_->lead_from_with_standby(0);  // one that holds everything already
  worker_ = std::make_unique<BusyWorker>(*region_, *marks_, barrier_, epochs_);
  barrier_.resume();
}

Nanos Checkpointed::pause_of_checkpoint() {
  must(engine_->checkpoint(standby_), "checkpoint");
  worker_->does([](region::Turn&) {});  // a turn since the resume: the worker has said when it went on
  must(engine_->acknowledged({engine_->committed() + 1, kTerm}), "acknowledgement");
  return engine_->last_sample().blackout;
}

void Checkpointed::begin_anew() {
  must(barrier_.quiesce(1s), "quiesce");
  tracker_->begin_anew();
  barrier_.resume();
}

}  // namespace stillwater::bench
