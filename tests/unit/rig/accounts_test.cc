// Loss, outage, duplicates and reordering, as properties over made-up runs of the probe.
#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/rig/load/attempt_account.h"
#include "tests/rig/load/probe_account.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kInterval = 500us;
constexpr Nanos kDelay = 40us;
constexpr Instant kStart = 100s;
constexpr std::uint32_t kProbes = 8000;  // 4 s
constexpr Instant kFault = kStart + 2s;

Instant sent_at(std::uint32_t number) { return kStart + number * kInterval; }

// A run in which `order` says which numbers arrive, in which order.
ProbeAccount run_of(const std::vector<std::uint32_t>& order) {
  ProbeAccount account(kProbes);
  for (std::uint32_t number = 0; number < kProbes; ++number) account.sent(sent_at(number));
  for (const std::uint32_t number : order) account.arrived(number, sent_at(number) + kDelay);
  return account;
}

std::vector<std::uint32_t> all_but(const std::set<std::uint32_t>& lost) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t number = 0; number < kProbes; ++number) {
    if (!lost.contains(number)) order.push_back(number);
  }
  return order;
}

std::set<std::uint32_t> numbers_between(Instant begin, Instant end) {
  std::set<std::uint32_t> numbers;
  for (std::uint32_t number = 0; number < kProbes; ++number) {
    if (sent_at(number) >= begin && sent_at(number) < end) numbers.insert(number);
  }
  return numbers;
}

std::set<std::uint32_t> random_numbers(std::mt19937& random, std::size_t count, std::uint32_t first,
                                       std::uint32_t last) {
  std::set<std::uint32_t> numbers;
  std::uniform_int_distribution<std::uint32_t> pick(first, last);
  while (numbers.size() < count) numbers.insert(pick(random));
  return numbers;
}

}  // namespace

TEST_CASE("a path is dead from the first probe on that none follows") {
  const Instant died = sent_at(5000);
  const ProbeAccount account = run_of(all_but(numbers_between(died, Instant::max())));
  CHECK(account.anything_since(sent_at(4999)));
  CHECK_FALSE(account.anything_since(died));
}

TEST_CASE("every probe sent is arrived, lost in steady state, or lost in the failover") {
  const auto seed = GENERATE(range(1u, 21u));
  std::mt19937 random(seed);
  const auto lost = random_numbers(random, random() % 500, 0, kProbes - 1);
  auto order = all_but(lost);
  std::shuffle(order.begin(), order.end(), random);
  const ProbeSummary summary = run_of(order).summary(kStart, kFault);
  CHECK(summary.sent == kProbes);
  CHECK(summary.lost_steady + summary.lost_failover == lost.size());
  CHECK(summary.duplicated == 0);
  CHECK(summary.unknown == 0);
}

TEST_CASE("a run without loss has no outage, whatever order the probes arrive in") {
  std::mt19937 random(7);
  auto order = all_but({});
  std::shuffle(order.begin(), order.end(), random);
  const ProbeSummary summary = run_of(order).summary(kStart, kFault);
  CHECK(summary.outage_ms == 0);
  CHECK(summary.recovered);
  CHECK(summary.lost_steady + summary.lost_failover == 0);
}

TEST_CASE("the outage lasts from the last probe that arrived before it to the first one after it") {
  const auto outage = GENERATE(Nanos{1ms}, Nanos{7ms}, Nanos{37ms}, Nanos{150ms}, Nanos{1200ms});
  // Probes inside the node when it died are lost too.
  const auto in_flight = GENERATE(Nanos{0}, Nanos{3ms});
  const auto lost = numbers_between(kFault - in_flight, kFault + outage);
  const ProbeSummary summary = run_of(all_but(lost)).summary(kStart, kFault);
  const Nanos gap = sent_at(*lost.rbegin() + 1) - sent_at(*lost.begin() - 1);
  CHECK(summary.outage_ms == Approx(milliseconds(gap)));
  CHECK(summary.lost_failover == lost.size());
  CHECK(summary.lost_steady == 0);
}

TEST_CASE("loss outside the failover window is steady loss and no outage before the fault") {
  const auto seed = GENERATE(range(1u, 11u));
  std::mt19937 random(seed);
  auto lost = random_numbers(random, 1 + random() % 20, 0, kProbes / 2 - 100);
  const std::size_t steady = lost.size();
  const auto burst = numbers_between(kFault, kFault + 20ms);
  lost.insert(burst.begin(), burst.end());
  const ProbeSummary summary = run_of(all_but(lost)).summary(kStart, kFault);
  CHECK(summary.lost_steady == steady);
  CHECK(summary.lost_failover == burst.size());
  CHECK(summary.outage_ms == Approx(20).margin(1));
}

TEST_CASE("a second outage long after the failover counts as steady loss and as outage") {
  auto lost = numbers_between(kFault, kFault + 20ms);
  const auto late = numbers_between(kFault + 1500ms, kFault + 1600ms);
  lost.insert(late.begin(), late.end());
  const ProbeSummary summary = run_of(all_but(lost)).summary(kStart, kFault);
  CHECK(summary.lost_failover == 40);
  CHECK(summary.lost_steady == late.size());
  CHECK(summary.outage_ms == Approx(100).margin(1));
}

TEST_CASE("what is lost to a second, later fault is lost in the failover") {
  const auto lost = numbers_between(kFault + 1500ms, kFault + 1550ms);
  const ProbeAccount account = run_of(all_but(lost));
  CHECK(account.summary(kStart, kFault).lost_steady == lost.size());
  const ProbeSummary both = account.summary(kStart, kFault, kFault + 1500ms);
  CHECK(both.lost_steady == 0);
  CHECK(both.lost_failover == lost.size());
}

TEST_CASE("a path that never comes back is an outage to the last probe") {
  const auto lost = numbers_between(kFault, Instant::max());
  const ProbeSummary summary = run_of(all_but(lost)).summary(kStart, kFault);
  CHECK_FALSE(summary.recovered);
  CHECK(summary.outage_ms == Approx(2000).margin(1));
  CHECK(summary.lost_failover == lost.size());
  CHECK(summary.lost_steady == 0);
}

TEST_CASE("without a fault every loss is steady loss") {
  const auto lost = numbers_between(kStart + 1s, kStart + 1010ms);
  const ProbeSummary summary = run_of(all_but(lost)).summary(kStart, std::nullopt);
  CHECK(summary.lost_steady == lost.size());
  CHECK(summary.lost_failover == 0);
  CHECK(summary.outage_ms == Approx(10).margin(1));
}

TEST_CASE("each repeated arrival is one duplicate and changes nothing else") {
  const auto seed = GENERATE(range(1u, 11u));
  std::mt19937 random(seed);
  const auto lost = numbers_between(kFault, kFault + 30ms);
  auto order = all_but(lost);
  const ProbeSummary plain = run_of(order).summary(kStart, kFault);
  const std::size_t repeats = 1 + random() % 50;
  for (std::size_t i = 0; i < repeats; ++i) {
    // After its first arrival, anywhere.
    const std::size_t from = random() % order.size();
    const std::size_t to = from + 1 + random() % (order.size() - from);
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), order[from]);
  }
  const ProbeSummary doubled = run_of(order).summary(kStart, kFault);
  CHECK(doubled.duplicated == repeats);
  CHECK(doubled.reordered == plain.reordered);
  CHECK(doubled.lost_failover == plain.lost_failover);
  CHECK(doubled.outage_ms == plain.outage_ms);
}

TEST_CASE("each swapped pair of neighbours is one reordered probe") {
  std::mt19937 random(3);
  auto order = all_but({});
  std::size_t swaps = 0;
  for (std::size_t at = 0; at + 1 < order.size(); at += 2) {
    if (random() % 10 != 0) continue;
    std::swap(order[at], order[at + 1]);
    ++swaps;
  }
  const ProbeSummary summary = run_of(order).summary(kStart, kFault);
  CHECK(summary.reordered == swaps);
  CHECK(summary.duplicated == 0);
}

TEST_CASE("probes of the warm-up are not judged") {
  const auto lost = numbers_between(kStart, kStart + 300ms);
  const ProbeSummary summary = run_of(all_but(lost)).summary(kStart + 300ms, kFault);
  CHECK(summary.lost_steady == 0);
  CHECK(summary.sent == kProbes - lost.size());
}

TEST_CASE("a number that was never sent is unknown") {
  auto order = all_but({});
  order.push_back(kProbes + 5);
  CHECK(run_of(order).summary(kStart, kFault).unknown == 1);
}

TEST_CASE("a pause of the sender is no outage, but it is told") {
  ProbeAccount account(3);
  for (const Instant at : {kFault - 1ms, kFault + 80ms, kFault + 81ms}) {
    account.arrived(account.sent(at), at + kDelay);
  }
  const ProbeSummary summary = account.summary(kStart, kFault);
  CHECK(summary.outage_ms == 0);
  CHECK(summary.send_gap_ms == Approx(81));
}

TEST_CASE("the delays are those of the steady part") {
  ProbeAccount account(100);
  for (int i = 0; i < 100; ++i) {
    const Instant at = kFault - 1s + i * 20ms;
    const bool steady = at < kFault - ProbeAccount::kInFlight;
    account.arrived(account.sent(at), at + (steady ? Nanos{50us} : Nanos{5ms}));
  }
  const ProbeSummary summary = account.summary(kStart, kFault);
  CHECK(summary.delay_us_p50 == Approx(50));
  CHECK(summary.delay_us_p99 == Approx(50));
}

TEST_CASE("both directions as one: counts add up, the outage is the worse one, the window covers both") {
  const ProbeSummary one = run_of(all_but(numbers_between(kFault, kFault + 30ms))).summary(kStart, kFault);
  const auto longer = numbers_between(kFault, kFault + 1500ms);
  ProbeSummary other = run_of(all_but(longer)).summary(kStart, kFault);
  other.corrupted = 3;
  const auto swapped = GENERATE(false, true);
  const ProbeSummary both = swapped ? both_ways(other, one) : both_ways(one, other);
  CHECK(both.sent == 2 * kProbes);
  CHECK(both.lost_failover == one.lost_failover + longer.size());
  CHECK(both.outage_ms == other.outage_ms);
  CHECK(both.window_end == other.window_end);
  CHECK(both.window_begin == one.window_begin);
  CHECK(both.corrupted == 3);
  CHECK(both.recovered);
  other.recovered = false;
  CHECK_FALSE(both_ways(one, other).recovered);
}

TEST_CASE("an empty run is no failure to compute") {
  const ProbeSummary summary = ProbeAccount(0).summary(kStart, kFault);
  CHECK(summary.sent == 0);
  CHECK(summary.outage_ms == 0);
}

TEST_CASE("a failed connection counts where it ran: before, across, or after the failover window") {
  const Instant begin = 100s;
  const Instant end = 101s;
  const std::vector<Attempt> attempts{
      {90s, 91s, ""},
      {92s, 97s, "timed out"},
      {99s, 100s + 1ns, "reset"},
      {99s, 104s, "timed out"},
      {100500ms, 103s, "reset"},
      {102s, 103s, "reset"},
      {10s, 11s, "in the warm-up"},
  };
  const AttemptSummary split = summarize(attempts, 50s, begin, end);
  CHECK(split.ok == 1);
  CHECK(split.took == std::vector<Nanos>{1s});
  CHECK(split.failed_before == 1);
  CHECK(split.failed_failover == 3);
  CHECK(split.failed_after == 1);
  CHECK(split.failed() + split.ok == attempts.size() - 1);
  CHECK(split.failures == std::map<std::string, std::uint64_t>{{"timed out", 2}, {"reset", 3}});

  const AttemptSummary no_fault = summarize(attempts, 50s, Instant{}, Instant{});
  CHECK(no_fault.failed_before == 5);
}

}  // namespace stillwater::rig
