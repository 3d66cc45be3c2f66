#include <cstring>
#include <random>
#include <string>

#include "standby/swap.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/replication_parts.h"

namespace stillwater::bench {
namespace {

using region::kPageBytes;
constexpr std::size_t kPages = 4096;
constexpr std::size_t kWords = kPageBytes / sizeof(std::uint64_t);

// Two sets of pages that are equal but for `differing` words of each page, at random places.
void fill(std::span<std::byte> mine, std::span<std::byte> theirs, std::size_t differing) {
  std::mt19937_64 random(33);
  for (std::size_t page = 0; page < kPages; ++page) {
    bool differs[kWords] = {};
    for (std::size_t left = differing; left > 0;) {
      bool& word = differs[random() % kWords];
      left -= word ? 0 : 1;
      word = true;
    }
    for (std::size_t i = 0; i < kWords; ++i) {
      const std::uint64_t a = random();
      const std::uint64_t b = differs[i] ? ~a : a;
      std::memcpy(mine.data() + page * kPageBytes + i * sizeof(a), &a, sizeof(a));
      std::memcpy(theirs.data() + page * kPageBytes + i * sizeof(b), &b, sizeof(b));
    }
  }
}

// Of one page, all pages in random order.
template <class Do>
double ns_a_page(const std::vector<std::size_t>& order, const Do& act) {
  const BootClock clock;
  const Instant begin = clock.now();
  for (const std::size_t page : order) act(page * kPageBytes);
  return static_cast<double>((clock.now() - begin).count()) / static_cast<double>(order.size());
}

}  // namespace

void add_swaps(Report& report, unsigned repetitions) {
  auto region = must(LockedMemory::create(kPages * kPageBytes, "pages"), "memory");
  auto received = must(LockedMemory::create(kPages * kPageBytes, "pages"), "memory");
  std::vector<std::size_t> order(kPages);
  for (std::size_t i = 0; i < kPages; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937_64(34));
  for (const std::size_t differing : {1u, 8u, 64u, 512u}) {
    Measurement swap{.id = "swap_" + std::to_string(differing), .unit = "ns", .samples = {}, .target = 2.5};
    std::vector<double> copy;
    for (unsigned i = 0; i < repetitions * 3; ++i) {
      fill(region.bytes(), received.bytes(), differing);
      swap.samples.push_back(ns_a_page(order, [&](std::size_t at) {
        standby::swap_lines(region.bytes().data() + at, received.bytes().data() + at, kPageBytes);
      }));
      copy.push_back(ns_a_page(order, [&](std::size_t at) {
        std::memcpy(region.bytes().data() + at, received.bytes().data() + at, kPageBytes);
      }));
    }
    swap.bound = percentile(copy, 0.5);
    swap.note =
        "a page of 4 KiB with so many differing words of 8 B, among 16 MiB; the bound copies the page";
    report.add(swap);
  }
}

}  // namespace stillwater::bench
