#include "tests/bench/memory_marks.h"

#include <algorithm>
#include <memory>
#include <random>
#include <span>

#include "ckpt_engine/region/session_table.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/flow_keys.h"

namespace stillwater::bench {
namespace {

using region::FlowKey;
using region::Session;
using region::SessionTable;

constexpr std::uint32_t kSessions = 1'000'000;
constexpr std::size_t kUpdates = 1000;  // an epoch's
constexpr std::size_t kBurst = 32;
constexpr unsigned kEpochs = 1000;  // a repetition's

// Of one update, in the middle epoch: one that lost its core does not count.
double ns_per_update(const std::vector<double>& epochs_ns) {
  return percentile(epochs_ns, 0.5) / static_cast<double>(kUpdates);
}

class Marks {
 public:
  Marks() : region_(made()), marks_(region::kDataOffset, region_->soft_begin(), region_->size()) {
    turn_.begin(1, 1s);
    for (std::uint32_t i = 0; i < kSessions; ++i)
      if (table_.insert(turn_, forward_key(i), reply_key(i)) == SessionTable::kNone) std::abort();
    clear();
  }

  // The marks of an epoch, over the same lines in every epoch: sets and lists are warm.
  double mark_ns() {
    const std::vector<std::uint32_t> slots = some();
    std::vector<double> spent;
    for (unsigned epoch = 0; epoch < kEpochs; ++epoch) {
      const Instant begin = clock_.now();
      for (const std::uint32_t slot : slots) turn_.mark(region::StateClass::hard, table_.at(slot));
      spent.push_back(static_cast<double>((clock_.now() - begin).count()));
      clear();
    }
    return ns_per_update(spent);
  }

  // Sessions found by their keys and updated, in millions a second; marked as containers do, or only stored.
  double update_mops(bool tracked) {
    std::vector<double> spent;
    for (unsigned epoch = 0; epoch < kEpochs; ++epoch) {
      turn_.begin(epoch, 1s);
      const std::vector<std::uint32_t> some_sessions = some();
      keys_.clear();
      for (const std::uint32_t i : some_sessions) keys_.push_back(forward_key(i));
      const Instant begin = clock_.now();
      for (std::size_t at = 0; at < kUpdates; at += kBurst)
        update(std::span(keys_).subspan(at, std::min(kBurst, kUpdates - at)), tracked);
      spent.push_back(static_cast<double>((clock_.now() - begin).count()));
      clear();
    }
    return 1e3 / ns_per_update(spent);
  }

 private:
  static std::unique_ptr<region::Region> made() {
    region::Layout layout;
    SessionTable::add_roots(layout, 0, kSessions);
    auto region = must(region::Region::create(layout), "region");
    region->set_identity({1}, 1);
    return region;
  }
  void update(std::span<const FlowKey> burst, bool tracked) {
    SessionTable::Match matches[kBurst];
    table_.find_burst(burst, matches);
    for (const auto& match : std::span(matches, burst.size())) update(match.slot, tracked);
  }
  void update(std::uint32_t slot, bool tracked) {
    if (tracked) {
      table_.edit(turn_, slot)->tcp_ended ^= 1;
    } else {
      auto& session = const_cast<Session&>(table_.at(slot));
      turn_.depend_on(turn_.epoch());
      session.changed_epoch = turn_.epoch();
      session.tcp_ended ^= 1;
    }
  }
  std::vector<std::uint32_t> some() {
    std::vector<std::uint32_t> some(kUpdates);
    for (std::uint32_t& i : some) i = static_cast<std::uint32_t>(random_() % kSessions);
    return some;
  }
  void clear() {
    marks_.hard->clear();
    marks_.soft->clear();
  }

  BootClock clock_;
  std::unique_ptr<region::Region> region_;
  region::WorkerMarks marks_;
  region::Turn turn_{*region_, marks_};
  SessionTable table_{*region_, 0};
  std::mt19937_64 random_{22};
  std::vector<FlowKey> keys_;
};

}  // namespace

void add_marks(Report& report, unsigned repetitions) {
  Marks marks;
  Measurement mark{.id = "mark_ns", .unit = "ns", .samples = {}, .target = 3};
  mark.note = "one session's line, the first mark of its epoch, in a warm set";
  Measurement ratio{.id = "update_loop_ratio", .unit = "", .samples = {}, .target = 0.95};
  ratio.higher_is_better = true;
  Measurement on{.id = "update_loop.tracked", .unit = "M/s", .samples = {}, .higher_is_better = true};
  Measurement off{.id = "update_loop.untracked", .unit = "M/s", .samples = {}, .higher_is_better = true};
  for (unsigned i = 0; i < repetitions; ++i) {
    mark.samples.push_back(marks.mark_ns());
    off.samples.push_back(marks.update_mops(false));
    on.samples.push_back(marks.update_mops(true));
    ratio.samples.push_back(on.samples.back() / off.samples.back());
  }
  ratio.note =
      "sessions of 1,000,000 found by key, 32 at once as workers do, and updated, with marks / without";
  for (const Measurement& m : {mark, ratio, on, off}) report.add(m);
}

}  // namespace stillwater::bench
