#include "tests/bench/memory_blackout.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>

#include <sys/ioctl.h>

#include <fcntl.h>

#include "ckpt_engine/region/session.h"
#include "ckpt_engine/trackers/factory.h"
#include "ckpt_engine/trackers/kernel_abi.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/pause_parts.h"

namespace stillwater::bench {
namespace {

using region::kLineBytes;
using region::kPageBytes;
using region::Session;

constexpr std::uint64_t kSmallMib = 64;
constexpr std::size_t kSessions = 1000;
constexpr std::size_t kPages = 256;

// Distinct numbers below `n`, in random order.
std::vector<std::uint64_t> some_of(std::uint64_t n, std::size_t count, std::mt19937_64& random) {
  std::vector<std::uint64_t> some;
  while (some.size() < count) {
    while (some.size() < count) some.push_back(random() % n);
    std::sort(some.begin(), some.end());
    some.erase(std::unique(some.begin(), some.end()), some.end());
  }
  std::shuffle(some.begin(), some.end(), random);
  return some;
}

// Of one kind of write: medians of a repetition, in microseconds; and of every pause its parts.
struct Medians {
  std::vector<double> pause_us, bound_us;
  PauseParts parts;
};

// `write` makes the worker write some units of `unit` bytes and says which; `bound` copies the same itself.
template <class Write, class Bound>
void measure(Checkpointed& system, unsigned rounds, const Write& write, const Bound& bound, Medians& into) {
  std::vector<double> pause, plain;
  for (unsigned round = 0; round < rounds; ++round) {
    write();
    pause.push_back(microseconds(system.pause_of_checkpoint()));
    into.parts.add(system.last_sample().pause);
    const auto written = write();
    const Instant begin = BootClock{}.now();
    bound(written);
    plain.push_back(microseconds(BootClock{}.now() - begin));
    system.begin_anew();
  }
  into.pause_us.push_back(percentile(pause, 0.5));
  into.bound_us.push_back(percentile(plain, 0.5));
}

// A region of sessions under the tracker `barrier`.
class Lines {
 public:
  explicit Lines(std::uint64_t mib) : system_(mib << 20, "barrier"), staging_(kSessions * kLineBytes) {
    system_.worker().rest();  // two that turn on one core would wait for each other
  }

  void measure_into(Medians& medians, unsigned rounds) {
    const auto write = [&] {
      const auto slots = some_of(system_.hard_bytes() / sizeof(Session), kSessions, random_);
      const auto* sessions = reinterpret_cast<const Session*>(system_.hard());
      system_.worker().does([&](region::Turn& turn) {
        for (const std::uint64_t slot : slots)
          region::Write<Session>(turn, sessions[slot])->state = region::SessionState::established;
      });
      return slots;
    };
    const auto gather = [&](const std::vector<std::uint64_t>& slots) {
      std::byte* to = staging_.data();
      for (const std::uint64_t slot : slots) {
        std::memcpy(to, system_.hard() + slot * kLineBytes, kLineBytes);
        to += kLineBytes;
      }
    };
    system_.worker().wake();
    measure(system_, rounds, write, gather, medians);
    system_.worker().rest();
  }

 private:
  Checkpointed system_;
  std::vector<std::byte> staging_;
  std::mt19937_64 random_{20};
};

// What a plain program would do to fetch the written pages of a region and to protect them again.
class RawScan {
 public:
  RawScan(std::byte* begin, std::uint64_t bytes)
      : begin_(begin), bytes_(bytes), pagemap_(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}

  void copy_written(std::byte* to) {
    trackers::kernel::PagemapScan request{};
    request.size = sizeof(request);
    request.flags = trackers::kernel::kWriteProtectMatching | trackers::kernel::kFailUnlessWpAsync;
    request.start = reinterpret_cast<std::uint64_t>(begin_);
    request.end = request.start + bytes_;
    request.vec = reinterpret_cast<std::uint64_t>(runs_.data());
    request.vec_len = runs_.size();
    request.category_mask = request.return_mask = trackers::kernel::kPageIsWritten;
    const int runs = ioctl(pagemap_.get(), trackers::kernel::kPagemapScan, &request);
    for (int i = 0; i < runs; ++i) {
      const auto& run = runs_[static_cast<std::size_t>(i)];
      std::memcpy(to, begin_ + (run.start - request.start), run.end - run.start);
      to += run.end - run.start;
    }
  }

 private:
  std::byte* begin_;
  std::uint64_t bytes_;
  UniqueFd pagemap_;
  std::vector<trackers::kernel::PageRegion> runs_{1024};
};

}  // namespace

void add_barrier_blackouts(Report& report, unsigned repetitions, unsigned rounds, unsigned big_mib) {
  Lines small(kSmallMib);
  Lines big(big_mib);
  Medians of_small, of_big;
  for (unsigned i = 0; i < repetitions; ++i) {
    small.measure_into(of_small, rounds);
    big.measure_into(of_big, rounds);
  }
  const std::string note =
      "1,000 random sessions hard-updated, request to resumed, one busy worker; the bound gathers the same "
      "lines, just written by the other core";
  const std::string big_id = "barrier_blackout_" + std::to_string(big_mib / 1024) + "GiB";
  report.add({.id = "barrier_blackout_64MiB",
              .unit = "us",
              .samples = of_small.pause_us,
              .bound = percentile(of_small.bound_us, 0.5),
              .target = 2,
              .note = note});
  of_small.parts.add_to(report, "barrier_blackout_64MiB");
  report.add({.id = big_id,
              .unit = "us",
              .samples = of_big.pause_us,
              .bound = percentile(of_big.bound_us, 0.5),
              .target = 2,
              .note = note});
  of_big.parts.add_to(report, big_id);
  report.add({.id = big_id + "_to_64MiB",
              .unit = "us",
              .samples = of_big.pause_us,
              .bound = percentile(of_small.pause_us, 0.5),
              .target = 1.3,
              .note = "the same pauses; the bound is that of the smaller region"});
}

void add_pagemap_blackout(Report& report, unsigned repetitions, unsigned rounds) {
  for (const auto& tracker : trackers::probe()) {
    if (tracker.name != "pagemap" || tracker.usable) continue;
    std::fprintf(stderr, "pagemap_blackout_64MiB left out: %s\n", tracker.usable.error().message.c_str());
    return;
  }
  Checkpointed system(kSmallMib << 20, "pagemap");
  RawScan raw(system.hard(), system.hard_bytes());
  std::vector<std::byte> staging(2 * kPages * kPageBytes);
  std::mt19937_64 random(21);
  const auto write = [&] {
    const auto pages = some_of(system.hard_bytes() / kPageBytes, kPages, random);
    system.worker().does([&](region::Turn&) {
      for (const std::uint64_t page : pages) {
        volatile std::byte& at = system.hard()[page * kPageBytes];
        at = static_cast<std::byte>(static_cast<unsigned>(at) + 1);
      }
    });
    return pages;
  };
  Medians medians;
  for (unsigned i = 0; i < repetitions; ++i)
    measure(
        system, rounds, write, [&](const auto&) { raw.copy_written(staging.data()); }, medians);
  report.add({.id = "pagemap_blackout_64MiB",
              .unit = "us",
              .samples = medians.pause_us,
              .bound = percentile(medians.bound_us, 0.5),
              .target = 1.3,
              .note = "256 random pages written; the bound is PAGEMAP_SCAN and a copy of the same pages"});
  medians.parts.add_to(report, "pagemap_blackout_64MiB");
}

}  // namespace stillwater::bench
