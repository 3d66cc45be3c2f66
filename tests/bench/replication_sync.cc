#include <cstring>
#include <random>

#include <sys/mman.h>

#include "tests/bench/replicated.h"
#include "tests/bench/replication_parts.h"

namespace stillwater::bench {
namespace {

constexpr std::size_t kPiece = 256u << 10;  // what is sent at once, as in a first sync

// Receives `bytes` into memory that is there already, then says so.
Peer::Work sink_of(std::size_t bytes) {
  return [bytes](Connection& connection) {
    auto memory = must(LockedMemory::create(bytes, "a stream"), "memory");
    std::byte done{};
    for (std::size_t there = 0;; there = 0) {
      while (there < bytes) {
        const std::size_t n = connection.receive(memory.bytes().subspan(there));
        if (n == 0) return std::vector<double>{};
        there += n;
      }
      send_or_exit(connection, {&done, 1});
    }
  };
}

double gigabytes_per_s(std::uint64_t bytes, Nanos elapsed) {
  return static_cast<double>(bytes) / static_cast<double>(elapsed.count());
}

double plain_stream(Peer& sink, wire::Bytes bytes) {
  const BootClock clock;
  const Instant begin = clock.now();
  for (std::size_t at = 0; at < bytes.size(); at += kPiece)
    send_or_exit(sink.connection(), bytes.subspan(at, std::min(kPiece, bytes.size() - at)));
  std::byte done;
  receive_all_or_exit(sink.connection(), {&done, 1});
  return gigabytes_per_s(bytes.size(), clock.now() - begin);
}

void fill_at_random(std::byte* memory, std::uint64_t bytes) {
  std::mt19937_64 random(32);
  for (std::uint64_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(memory + at, &word, sizeof(word));
  }
}

}  // namespace

void add_first_sync(Report& report, const Over& over, unsigned repetitions, unsigned mib) {
  const std::uint64_t bytes = std::uint64_t{mib} << 20;
  region::Layout layout;
  layout.add("hard", region::StateClass::hard, bytes, region::kLineBytes);
  layout.add("soft", region::StateClass::soft, region::kPageBytes, region::kLineBytes);
  Measurement rate{.id = "first_sync" + over.suffix,
                   .unit = "GB/s",
                   .samples = {},
                   .target = 0.7,
                   .higher_is_better = true};
  std::vector<double> plain;
  const BootClock clock;
  for (unsigned i = 0; i < repetitions; ++i) {
    Peer sink(over.connect, Core::last, sink_of(bytes));
    Replicated pair(layout, over.connect, Core::last, 1);
    pair.system().worker().rest();  // its core is the standby's here
    fill_at_random(pair.system().hard(), bytes);
    plain.push_back(plain_stream(sink, {pair.system().hard(), bytes}));
    const Instant begin = clock.now();
    pair.sync();
    rate.samples.push_back(gigabytes_per_s(bytes, clock.now() - begin));
  }
  rate.bound = percentile(plain, 0.5);
  rate.note =
      "random bytes, from the first frame to the acknowledgement, the standby on a core of its own; the "
      "bound is a plain stream of the same bytes, over the same, into memory that is there";
  report.add(rate);
}

}  // namespace stillwater::bench
