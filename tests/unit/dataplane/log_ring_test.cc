// Log records on their way out: none before its commit, none after a fence, each that is lost is counted.
#include "dataplane/datapath/events/log_ring.h"

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "base/committed_epoch.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

constexpr std::uint64_t kNobody = CommittedEpoch::kNobodyToWaitFor;

LogRecord record(std::uint32_t number, std::uint64_t epoch) {
  LogRecord record;
  record.rule_id = number;
  record.depends_epoch = epoch;
  return record;
}

template <class Ring>
std::vector<std::uint32_t> taken(Ring& ring, std::uint64_t committed, std::size_t most = 64) {
  std::vector<LogRecord> into(most);
  into.resize(ring.take(committed, into));
  std::vector<std::uint32_t> numbers;
  for (const LogRecord& r : into) numbers.push_back(r.rule_id);
  return numbers;
}

// What a ring may do, told by the rules at the head of log_ring.h. Ring: the ring, or one that breaks a rule.
template <class Ring>
class Model {
 public:
  static constexpr std::uint32_t kCapacity = 16;

  explicit Model(std::uint32_t seed) : random_(seed) {}

  // The first rule that was broken; empty: none.
  std::string run() {
    for (int step = 0; step < 3000 && broken_.empty(); ++step) {
      switch (random_() % 8) {
        case 0:
          ++current_;
          break;
        case 1:
          if (committed_ < current_ - 1) ++committed_;
          break;
        case 2:
          if (random_() % 16 == 0) fence();
          break;
        case 3:
        case 4:
          take();
          break;
        default:
          push();
      }
    }
    take(kNobody);
    rule(waiting_.empty(), "stuck");
    rule(ring_.lost() == lost_, "count");
    return broken_;
  }

 private:
  void rule(bool holds, const char* name) {
    if (!holds && broken_.empty()) broken_ = name;
  }

  // Most tell of a hard write of this epoch, some of nothing that could be lost.
  void push() {
    const std::uint64_t epoch = random_() % 5 == 0 ? 0 : current_;
    const bool fits = in_ring_ < kCapacity;
    const std::uint32_t number = ++pushed_;
    rule(ring_.push(record(number, epoch)) == fits, "room");
    if (!fits) {
      ++lost_;
      return;
    }
    waiting_[number] = epoch;
    ++in_ring_;
  }

  void take() { take(committed_); }
  void take(std::uint64_t committed) {
    const std::size_t most = committed == kNobody ? 64 : random_() % 6;
    for (const std::uint32_t number : taken(ring_, committed, most)) {
      const auto at = waiting_.find(number);
      rule(at != waiting_.end(), "not there");
      if (at == waiting_.end()) return;
      rule(at->second <= committed, "early");
      rule(at == waiting_.begin(), "order");
      waiting_.erase(at);
    }
    in_ring_ = ring_.waiting();  // discarded ones leave on the way
    rule(in_ring_ >= waiting_.size(), "leaked");
  }

  // The node loses its role; when it leads again, its epochs go on behind those that it knew.
  void fence() {
    std::uint32_t uncommitted = 0;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const bool goes = at->second > committed_;
      uncommitted += goes ? 1 : 0;
      at = goes ? waiting_.erase(at) : std::next(at);
    }
    rule(ring_.discard(committed_) == uncommitted, "fence");
    lost_ += uncommitted;
    if (random_() % 2 == 0) committed_ = current_;  // others have committed meanwhile
    ++current_;
  }

  Random random_;
  Ring ring_{kCapacity};
  std::map<std::uint32_t, std::uint64_t> waiting_;  // epoch by number, which is the order of pushing
  std::uint64_t current_ = 1, committed_ = 0, lost_ = 0;
  std::uint32_t pushed_ = 0, in_ring_ = 0;
  std::string broken_;
};

// Rings that break one rule each.
struct HandsOutTheNextEpochToo : LogRing {
  using LogRing::LogRing;
  std::size_t take(std::uint64_t committed, std::span<LogRecord> into) {
    return LogRing::take(committed == kNobody ? committed : committed + 1, into);
  }
};
struct ForgetsFences : LogRing {
  using LogRing::LogRing;
  std::uint32_t discard(std::uint64_t) { return 0; }
};
struct LosesInSilence : LogRing {
  using LogRing::LogRing;
  bool push(const LogRecord& r) { return ++pushed % 100 == 0 || LogRing::push(r); }
  unsigned pushed = 0;
};

template <class Ring>
std::string broken_rule() {
  std::string first;
  for (unsigned seed = 1; seed <= 20; ++seed)
    if (first.empty()) first = Model<Ring>(seed).run();
  return first;
}

}  // namespace

TEST_CASE("invariant 1: a log record is handed out after its commit, in order, once, or counted as lost") {
  const auto seed = GENERATE(range(1u, 60u));
  CAPTURE(seed);
  CHECK(Model<LogRing>(seed).run().empty());
}

TEST_CASE("the model notices a ring that breaks a rule") {
  CHECK(broken_rule<HandsOutTheNextEpochToo>() == "early");
  CHECK(broken_rule<ForgetsFences>() == "fence");
  CHECK_FALSE(broken_rule<LosesInSilence>().empty());
}

TEST_CASE("a full ring loses what is new, and counts it to the record") {
  LogRing ring(5);  // rounded up
  REQUIRE(ring.capacity() == 8);
  for (std::uint32_t n = 1; n <= 8; ++n) REQUIRE(ring.push(record(n, 1)));
  for (std::uint32_t n = 9; n <= 13; ++n) CHECK_FALSE(ring.push(record(n, 1)));
  CHECK(ring.lost() == 5);
  CHECK(ring.waiting() == 8);
  CHECK(taken(ring, 1, 3) == std::vector<std::uint32_t>{1, 2, 3});
  CHECK(ring.push(record(14, 1)));
  CHECK(taken(ring, 1) == std::vector<std::uint32_t>{4, 5, 6, 7, 8, 14});
}

TEST_CASE("a fence keeps what was committed, and the rest is gone whatever is committed later") {
  LogRing ring(8);
  REQUIRE(ring.push(record(1, 3)));
  REQUIRE(ring.push(record(2, 4)));
  REQUIRE(ring.push(record(3, 0)));
  CHECK(ring.discard(3) == 1);
  CHECK(ring.lost() == 1);
  REQUIRE(ring.push(record(4, 5)));
  CHECK(taken(ring, 3) == std::vector<std::uint32_t>{1, 3});
  CHECK(taken(ring, kNobody) == std::vector<std::uint32_t>{4});
  CHECK(ring.waiting() == 0);
}

TEST_CASE("one thread pushes and one takes: every record arrives, in order, or is counted") {
  constexpr std::uint32_t kRecords = 200'000;
  LogRing ring(64);
  std::thread worker([&] {
    for (std::uint32_t n = 1; n <= kRecords; ++n) (void)ring.push(record(n, n));
  });
  std::uint32_t last = 0;
  std::uint64_t arrived = 0;
  bool in_order = true;
  while (arrived + ring.lost() < kRecords) {
    for (const std::uint32_t number : taken(ring, kRecords)) {
      in_order = in_order && number > last;
      last = number;
      ++arrived;
    }
  }
  worker.join();
  CHECK(in_order);
  CHECK(arrived + ring.lost() == kRecords);
}

TEST_CASE("a fence while the consumer is at work: nothing of an uncommitted epoch comes out") {
  for (int round = 0; round < 200; ++round) {
    LogRing ring(256);
    CommittedEpoch epochs;
    epochs.set_committed(100);
    for (std::uint32_t n = 1; n <= 200; ++n) REQUIRE(ring.push(record(n, n)));
    std::uint32_t highest = 0;
    std::thread consumer([&] {
      for (bool fenced = false; !fenced || ring.waiting() > 0;) {
        const std::uint64_t committed = epochs.committed();
        fenced = committed == kNobody;
        for (const std::uint32_t number : taken(ring, committed, 7)) highest = std::max(highest, number);
      }
    });
    CHECK(ring.discard(epochs.committed()) == 100);
    epochs.set_committed(kNobody);
    consumer.join();
    CHECK(highest == 100);
  }
}
