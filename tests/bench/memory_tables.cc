#include "tests/bench/memory_tables.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include <sys/mman.h>

#include <malloc.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_memory.h>

#include "ckpt_engine/region/session_table.h"
#include "ckpt_engine/trackers/barrier_tracker.h"
#include "dataplane/datapath/tables/state.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/flow_keys.h"

namespace stillwater::bench {
namespace {

using region::FlowKey;
using region::SessionTable;

constexpr std::size_t kBurst = 32;
constexpr std::size_t kLookups = 1u << 20;  // a repetition's
constexpr std::size_t kChunk = 4096;        // what is timed at once

double million_per_s(std::size_t n, Nanos elapsed) {
  return static_cast<double>(n) / std::chrono::duration<double>(elapsed).count() / 1e6;
}

// Lookups of all keys in millions a second, by the middle chunk: one that lost its core does not count.
// `look_up` looks a burst up and returns how many it found.
template <class LookUp>
double lookup_rate(const std::vector<FlowKey>& keys, const LookUp& look_up) {
  const BootClock clock;
  std::vector<double> rates;
  std::size_t found = 0;
  for (std::size_t chunk = 0; chunk < keys.size(); chunk += kChunk) {
    const Instant begin = clock.now();
    for (std::size_t at = chunk; at < chunk + kChunk; at += kBurst) found += look_up(&keys[at]);
    rates.push_back(million_per_s(kChunk, clock.now() - begin));
  }
  if (found != keys.size()) std::abort();
  return percentile(rates, 0.5);
}

// The tuples that are looked up: of random sessions, in a random direction.
std::vector<FlowKey> random_keys(std::uint32_t sessions, std::mt19937_64& random) {
  std::vector<FlowKey> keys(kLookups);
  for (FlowKey& key : keys) {
    const auto i = static_cast<std::uint32_t>(random() % sessions);
    key = random() % 2 == 0 ? forward_key(i) : reply_key(i);
  }
  return keys;
}

class OurTable {
 public:
  explicit OurTable(std::uint32_t sessions) : sessions_(sessions) {
    SessionTable::add_roots(layout_, 0, sessions);
    region_ = must(region::Region::create(layout_), "region");
    marks_ =
        std::make_unique<region::WorkerMarks>(region::kDataOffset, region_->soft_begin(), region_->size());
  }

  // All sessions, into an empty table; marks are taken as often as checkpoints would.
  double insert() {
    region_->clear();
    region_->set_identity({1}, 1);
    SessionTable table(*region_, 0);
    region::Turn turn(*region_, *marks_);
    const Instant begin = clock_.now();
    for (std::uint32_t i = 0; i < sessions_; ++i) {
      if (table.insert(turn, forward_key(i), reply_key(i)) == SessionTable::kNone) std::abort();
      if (i % 4096 == 0) marks_->hard->clear(), marks_->soft->clear();
    }
    return million_per_s(sessions_, clock_.now() - begin);
  }
  double look_up(const std::vector<FlowKey>& keys) const {
    const SessionTable table(*region_, 0);
    return lookup_rate(keys, [&](const FlowKey* burst) {
      SessionTable::Match matches[kBurst];
      table.find_burst({burst, kBurst}, matches);
      std::size_t found = 0;
      for (const auto& match : matches) found += match ? 1 : 0;
      return found;
    });
  }

 private:
  std::uint32_t sessions_;
  region::Layout layout_;
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<region::WorkerMarks> marks_;
  BootClock clock_;
};

// DPDK's memory in 2 MiB pages too, as far as the kernel has them, so that the peer is not held up by its
// page tables. What has no memory yet is refused, which does no harm.
void ask_for_huge_pages() {
  constexpr int kMadvCollapse = 25;
  constexpr std::uintptr_t kHugePage = 2u << 20;
  const auto collapse = [](const rte_memseg_list*, const rte_memseg* segment, std::size_t bytes, void*) {
    const auto begin = (segment->addr_64 + kHugePage - 1) / kHugePage * kHugePage;
    for (std::uintptr_t at = begin; at + kHugePage <= segment->addr_64 + bytes; at += kHugePage)
      madvise(reinterpret_cast<void*>(at), kHugePage, kMadvCollapse);
    return 0;
  };
  rte_memseg_contig_walk(collapse, nullptr);
}

// Room to spare: the peer's buckets are about half full. Its value is the session's number.
class RteHash {
 public:
  explicit RteHash(std::uint32_t sessions) : sessions_(sessions) {
    rte_hash_parameters parameters{};
    parameters.name = "peer";
    parameters.entries = sessions * 2 + sessions / 4;
    parameters.key_len = sizeof(FlowKey);
    parameters.hash_func = rte_hash_crc;
    table_ = rte_hash_create(&parameters);
    if (table_ == nullptr) must(fail(Errc::resource_exhausted, "no memory"), "rte_hash");
  }
  ~RteHash() { rte_hash_free(table_); }
  RteHash(const RteHash&) = delete;
  RteHash& operator=(const RteHash&) = delete;

  double insert() {
    rte_hash_reset(table_);
    const Instant begin = clock_.now();
    for (std::uint32_t i = 0; i < sessions_; ++i) {
      const FlowKey forward = forward_key(i), reply = reply_key(i);
      void* value = reinterpret_cast<void*>(std::uintptr_t{i});
      if (rte_hash_add_key_data(table_, &forward, value) != 0 ||
          rte_hash_add_key_data(table_, &reply, value) != 0)
        std::abort();
    }
    return million_per_s(sessions_, clock_.now() - begin);
  }
  double look_up(const std::vector<FlowKey>& keys) const {
    return lookup_rate(keys, [&](const FlowKey* burst) {
      const void* pointers[kBurst];
      void* values[kBurst];
      for (std::size_t i = 0; i < kBurst; ++i) pointers[i] = burst + i;
      std::uint64_t hits = 0;
      rte_hash_lookup_bulk_data(table_, pointers, kBurst, &hits, values);
      return static_cast<std::size_t>(__builtin_popcountll(hits));
    });
  }

 private:
  std::uint32_t sessions_;
  rte_hash* table_ = nullptr;
  BootClock clock_;
};

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Everything that grows with the number of sessions, as the daemon has it with one worker: the region, the
// worker's marks, the tracker's spare sets, and what a worker keeps of sessions outside the region.
double ipv4_bytes(std::uint32_t sessions, dataplane::NatMapping mapping) {
  dataplane::Config config;
  config.sessions_max = sessions;
  config.ports.resize(1);
  config.ports.front().name = "outside";
  config.source_nat = {{.to = {"outside"}, .address = 1, .mapping = mapping}};
  region::Layout layout;
  dataplane::State::add_roots(layout, 0, config);
  const auto region = must(region::Region::create(layout), "region");
  const std::size_t before = heap_bytes();
  region::WorkerMarks marks(region::kDataOffset, region->soft_begin(), region->size());
  const dataplane::State state(*region, 0, config);
  const trackers::BarrierTracker tracker(*region, {&marks});
  return static_cast<double>(region->size() + heap_bytes() - before) / sessions;
}

double ipv6_bytes(std::uint32_t sessions) {
  region::Layout layout;
  region::SessionTable6::add_roots(layout, 0, sessions);
  const auto region = must(region::Region::create(layout), "region");
  const std::size_t before = heap_bytes();
  region::WorkerMarks marks(region::kDataOffset, region->soft_begin(), region->size());
  const trackers::BarrierTracker tracker(*region, {&marks});
  return static_cast<double>(region->size() + heap_bytes() - before) / sessions;
}

}  // namespace

void add_session_bytes(Report& report, std::uint32_t sessions, const std::string& size) {
  report.add({.id = "session_bytes_" + size,
              .unit = "bytes",
              .samples = {ipv4_bytes(sessions, dataplane::NatMapping::per_session)},
              .target = 160,
              .note = "IPv4: record, index, soft state, NAT ports, marks, spare marks of the tracker"});
  report.add({.id = "session_bytes_" + size + ".bound",
              .unit = "bytes",
              .samples = {ipv4_bytes(sessions, dataplane::NatMapping::endpoint_independent)},
              .note = "the same with room for a NAT binding for each"});
  report.add({.id = "session_bytes_" + size + ".ipv6",
              .unit = "bytes",
              .samples = {ipv6_bytes(sessions)},
              .target = 256,
              .note = "IPv6: the same but for NAT ports"});
}

void add_session_rates(Report& report, unsigned repetitions, std::uint32_t sessions,
                       const std::string& size) {
  pin_this_thread_to_last_core();
  OurTable ours(sessions);
  RteHash peer(sessions);
  std::mt19937_64 random(23);
  std::vector<double> inserts, peer_inserts, lookups, peer_lookups;
  ask_for_huge_pages();
  const bool small = sessions <= 1'000'000;
  for (unsigned i = 0; i < repetitions; ++i) {
    if (i == 0 || small) {
      inserts.push_back(ours.insert());
      peer_inserts.push_back(peer.insert());
    }
    const std::vector<FlowKey> keys = random_keys(sessions, random);
    lookups.push_back(ours.look_up(keys));
    peer_lookups.push_back(peer.look_up(keys));
  }
  report.add({.id = "session_lookup_" + size,
              .unit = "M/s",
              .samples = lookups,
              .bound = percentile(peer_lookups, 0.5),
              .target = 1,
              .higher_is_better = true,
              .note = "random tuples of either direction, 32 at once; the bound is rte_hash's bulk lookup"});
  if (!small) return;
  report.add({.id = "session_insert_" + size,
              .unit = "M/s",
              .samples = inserts,
              .bound = percentile(peer_inserts, 0.5),
              .higher_is_better = true,
              .note = "sessions, marked as they are written; the bound adds both keys to an rte_hash"});
}

}  // namespace stillwater::bench
