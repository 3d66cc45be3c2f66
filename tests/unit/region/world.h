// A small region with every container in it, and a worker that uses them at random.
#pragma once

#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <catch2/catch.hpp>

#include "ckpt_engine/region/counters.h"
#include "ckpt_engine/region/neighbour_table.h"
#include "ckpt_engine/region/pool.h"
#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/ring.h"
#include "ckpt_engine/region/session_table.h"

namespace stillwater::tests {

using Random = std::mt19937_64;

inline std::uint64_t below(Random& random, std::uint64_t n) { return random() % n; }
inline bool one_in(Random& random, std::uint64_t n) { return below(random, n) == 0; }

// Runs `property` with `rounds` seeds, each shown where it fails. The first is Catch's: --rng-seed N replays.
template <class Property>
void for_seeds(unsigned rounds, Property property) {
  for (unsigned i = 0; i < rounds; ++i) {
    const std::uint64_t seed = std::uint64_t{Catch::rngSeed()} + i;
    INFO("seed " << seed);
    Random random(seed);
    property(random);
  }
}

inline std::unique_ptr<region::Region> make_region(const region::Layout& layout) {
  auto region = region::Region::create(layout);
  if (!region) throw std::runtime_error(region.error().message);
  return std::move(*region);
}

// What a function of somebody else's might keep.
struct Note {
  static constexpr region::StateClass kStateClass = region::StateClass::hard;
  std::uint64_t changed_epoch;
  std::uint64_t value;
  std::uint64_t more[4];
  friend bool operator==(const Note&, const Note&) = default;
};

inline region::Layout small_layout(std::uint32_t sessions_max = 192) {
  region::Layout layout;
  region::SessionTable::add_roots(layout, 0, sessions_max);
  region::PortBitmap::add_root(layout, "nat.0");
  region::NeighbourTable::add_root(layout, 0, 32);
  region::Counters::add_root(layout, 0, 16);
  region::SessionTable6::add_roots(layout, 0, 64);
  region::Pool<Note>::add_root(layout, "notes", 40);
  region::Ring<Note>::add_root(layout, "queue", 40);
  return layout;
}

inline constexpr region::RegionId kOurRegion = {0x53, 0x57, 1, 2, 3, 4, 5, 6, 7};

using Snapshot = std::vector<std::byte>;
inline Snapshot bytes_of(const region::Region& region, std::uint64_t begin, std::uint64_t end) {
  return {region.base() + begin, region.base() + end};
}
inline Snapshot hard_bytes(const region::Region& region) {
  return bytes_of(region, region::kDataOffset, region.soft_begin());
}
inline Snapshot data_bytes(const region::Region& region) {
  return bytes_of(region, region::kDataOffset, region.size());
}
inline Snapshot all_bytes(const region::Region& region) { return bytes_of(region, 0, region.size()); }

// Does at random what packets make a worker do.
class Worker {
 public:
  explicit Worker(region::Region& region)
      : marks(region::kDataOffset, region.soft_begin(), region.size()),
        turn(region, marks),
        sessions(region, 0),
        ports(region, "nat.0"),
        neighbours(region, 0),
        counters(region, 0),
        sessions6(region, 0),
        notes(region, "notes"),
        queue(region, "queue") {}

  void work(Random& random, std::uint64_t epoch, unsigned steps) {
    turn.begin(epoch, now_ += 1s);
    for (unsigned i = 0; i < steps; ++i) step(random);
  }

  void step(Random& random) {
    switch (below(random, 12)) {
      case 0:
      case 1:
        return open(random);
      case 2:
        return close(random);
      case 3:
        if (!slots_.empty()) sessions.edit(turn, any_slot(random))->state = region::SessionState::established;
        return;
      case 4:
        if (!slots_.empty()) sessions.touch(turn, any_slot(random));
        return;
      case 5:
        return neighbours.learn(turn, static_cast<std::uint16_t>(below(random, 2)),
                                IpAddress::v4(static_cast<std::uint32_t>(1 + below(random, 64))),
                                {2, 0, 0, 0, 0, static_cast<std::uint8_t>(random())});
      case 6:
        return counters.add(turn, below(random, 16), 1 + below(random, 1000));
      case 7:
        return note(random);
      case 8:
        if (below(random, 3) < 2)
          return static_cast<void>(queue.push(turn, {.changed_epoch = 0, .value = random(), .more = {}}));
        if (queue.front() != nullptr) queue.pop(turn);
        return;
      case 9:
        return open6(random);
      default:
        if (const auto port = ports.take(turn, 1024, 2047, static_cast<std::uint16_t>(random())))
          if (one_in(random, 2)) ports.give(turn, *port);
    }
  }

  static region::FlowKey6 any_key6(Random& random) {
    region::FlowKey6 key;
    for (std::uint8_t& byte : key.source) byte = static_cast<std::uint8_t>(random());
    for (std::uint8_t& byte : key.destination) byte = static_cast<std::uint8_t>(random());
    key.source_port_be = static_cast<std::uint16_t>(random());
    key.protocol = 6;
    return key;
  }
  static region::FlowKey any_key(Random& random) {
    return {.source_be = static_cast<std::uint32_t>(random()),
            .destination_be = static_cast<std::uint32_t>(random()),
            .source_port_be = static_cast<std::uint16_t>(random()),
            .destination_port_be = static_cast<std::uint16_t>(random()),
            .protocol = 6,
            .zero = {}};
  }

  // Steps that write no hard line would make some tests say nothing.
  void open(Random& random) {
    const std::uint32_t slot = sessions.insert(turn, any_key(random), any_key(random));
    if (slot != region::SessionTable::kNone) slots_.push_back(slot);
  }

  region::WorkerMarks marks;
  region::Turn turn;
  region::SessionTable sessions;
  region::PortBitmap ports;
  region::NeighbourTable neighbours;
  region::Counters counters;
  region::SessionTable6 sessions6;
  region::Pool<Note> notes;
  region::Ring<Note> queue;

 private:
  std::uint32_t any_slot(Random& random) { return slots_[below(random, slots_.size())]; }
  void close(Random& random) {
    if (slots_.empty()) return;
    std::uint32_t& slot = slots_[below(random, slots_.size())];
    sessions.erase(turn, slot);
    slot = slots_.back();
    slots_.pop_back();
  }

  void open6(Random& random) {
    if (!slots6_.empty() && one_in(random, 2)) {
      sessions6.erase(turn, slots6_.back());
      return slots6_.pop_back();
    }
    const std::uint32_t slot = sessions6.insert(turn, any_key6(random), any_key6(random));
    if (slot != region::SessionTable6::kNone) slots6_.push_back(slot);
  }
  void note(Random& random) {
    if (!noted_.empty() && one_in(random, 3)) {
      notes.give(turn, noted_.back());
      return noted_.pop_back();
    }
    const std::uint32_t slot = notes.take(turn);
    if (slot == region::Pool<Note>::kNone) return;
    notes.edit(turn, slot)->value = random();
    noted_.push_back(slot);
  }

  Nanos now_{0};
  std::vector<std::uint32_t> slots_, slots6_, noted_;
};

}  // namespace stillwater::tests
