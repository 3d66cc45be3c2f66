// The hold buffer against a model of what waits, and whether that model would notice a wrong buffer.
#include "dataplane/datapath/output/hold_buffer.h"

#include <deque>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

rte_mbuf* packet_number(std::uintptr_t n) { return reinterpret_cast<rte_mbuf*>(n * 64); }
std::uintptr_t number_of(const HeldPacket& packet) {
  return reinterpret_cast<std::uintptr_t>(packet.mbuf) / 64;
}
HeldPacket held(std::uintptr_t n, std::uint64_t epoch) { return {packet_number(n), epoch, {}, 0}; }

constexpr std::uint32_t kCapacity = 48;

// A worker's turns over some flows, in the order of Output: release, then, if all that may go has gone,
// packets that wait or leave at once. Stops at the first rule that the buffer breaks.
template <class Buffer>
class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {}

  // The rule; "" if none was broken.
  std::string run() {
    for (int step = 0; step < 4000 && broken_.empty(); ++step) {
      if (random_() % 3 == 0 && current_ == committed_ + 1) ++current_;  // one epoch at a time is on its way
      if (random_() % 3 == 0 && current_ == committed_ + 2) ++committed_;
      if (random_() % 50 == 0)
        check_drain();
      else if (release())
        arrivals();
      rule(buffer_.size() == waiting_.size(), "leaked");
    }
    if (broken_.empty()) check_drain();
    return broken_;
  }

 private:
  struct Waiting {
    unsigned flow;
    std::uint64_t epoch;
  };

  void rule(bool holds, const char* name) {
    if (!holds && broken_.empty()) broken_ = name;
  }

  // Perhaps with a port that takes no more after a few.
  bool release() {
    unsigned room = random_() % 3 == 0 ? random_() % 5 : kCapacity;
    const bool all = buffer_.release(committed_, [&](const HeldPacket& packet) {
      if (room == 0) return false;
      --room;
      const auto at = waiting_.find(number_of(packet));
      rule(at != waiting_.end(), "not held");
      if (at == waiting_.end()) return true;
      rule(at->second.epoch <= committed_, "early");
      leave(at->second.flow, at->first);
      waiting_.erase(at);
      return true;
    });
    for (const auto& [number, packet] : waiting_) rule(!all || packet.epoch > committed_, "stuck");
    return all;
  }

  void arrivals() {
    for (unsigned n = random_() % 12; n > 0; --n) {
      const unsigned flow = random_() % kFlows;
      if (random_() % 4 == 0) changed_[flow] = current_;  // a hard write
      const std::uintptr_t number = ++arrived_;
      if (changed_[flow] <= committed_) {
        leave(flow, number);
        continue;
      }
      const bool is_new = random_() % 2 == 0;
      rule(buffer_.has_room_for_new() == (waiting_.size() < kCapacity * 3 / 4), "room");
      if (is_new && !buffer_.has_room_for_new()) continue;
      const bool taken = buffer_.push(held(number, changed_[flow]));
      rule(taken == (waiting_.size() < kCapacity), "room");
      if (taken) waiting_[number] = {flow, changed_[flow]};
    }
  }

  void leave(unsigned flow, std::uintptr_t number) {
    rule(number > last_left_[flow], "order");
    last_left_[flow] = number;
  }

  void check_drain() {
    buffer_.drain(
        [&](const HeldPacket& packet) { rule(waiting_.erase(number_of(packet)) == 1, "not held"); });
    rule(waiting_.empty() && buffer_.size() == 0, "leaked");
    waiting_.clear();
  }

  static constexpr unsigned kFlows = 6;
  Random random_;
  Buffer buffer_{kCapacity};
  std::map<std::uintptr_t, Waiting> waiting_;  // by number, which is the order of arrival
  std::uint64_t changed_[kFlows] = {};
  std::uintptr_t last_left_[kFlows] = {};
  std::uint64_t current_ = 1, committed_ = 0;
  std::uintptr_t arrived_ = 0;
  std::string broken_;
};

// Buffers that break one rule each.
struct ReleasesTheNextEpochToo : HoldBuffer {
  using HoldBuffer::HoldBuffer;
  template <class Leave>
  bool release(std::uint64_t committed, Leave leave) {
    return HoldBuffer::release(committed + 1, leave);
  }
};

struct ForgetsToGoOn : HoldBuffer {
  using HoldBuffer::HoldBuffer;
  template <class Leave>
  bool release(std::uint64_t committed, Leave leave) {
    unsigned left = 3;
    (void)HoldBuffer::release(committed,
                              [&](const HeldPacket& packet) { return left-- > 0 && leave(packet); });
    return true;
  }
};

struct DrainsAFew : HoldBuffer {
  using HoldBuffer::HoldBuffer;
  template <class Take>
  void drain(Take take) {
    unsigned left = 5;
    HoldBuffer::drain([&](const HeldPacket& packet) {
      if (left > 0) {
        --left;
        take(packet);
      }
    });
  }
};

struct LosesWhatItTook : HoldBuffer {
  using HoldBuffer::HoldBuffer;
  bool push(const HeldPacket& packet) { return ++pushed % 100 == 0 || HoldBuffer::push(packet); }
  unsigned pushed = 0;
};

struct TakesNewOnesToTheEnd : HoldBuffer {
  using HoldBuffer::HoldBuffer;
  [[nodiscard]] bool has_room_for_new() const { return size() < kCapacity; }
};

// One queue for all epochs: from the front, where one of a later epoch blocks; or from the back.
template <bool kNewestFirst>
struct OneQueue {
  explicit OneQueue(std::uint32_t) {}
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(packets.size()); }
  [[nodiscard]] bool has_room_for_new() const { return size() < kCapacity * 3 / 4; }
  bool push(const HeldPacket& packet) {
    if (size() == kCapacity) return false;
    kNewestFirst ? packets.push_front(packet) : packets.push_back(packet);
    return true;
  }
  template <class Leave>
  bool release(std::uint64_t committed, Leave leave) {
    for (auto at = packets.begin(); at != packets.end();) {
      if (at->depends_epoch > committed) {
        if (!kNewestFirst) return true;
        ++at;
        continue;
      }
      if (!leave(*at)) return false;
      at = packets.erase(at);
    }
    return true;
  }
  template <class Take>
  void drain(Take take) {
    for (; !packets.empty(); packets.pop_front()) take(packets.front());
  }
  std::deque<HeldPacket> packets;
};

// What is broken first, over some seeds.
template <class Buffer>
std::string broken_rule() {
  std::string first;
  for (unsigned seed = 1; seed <= 20; ++seed)
    if (first.empty()) first = Model<Buffer>(seed).run();
  return first;
}

}  // namespace

TEST_CASE(
    "invariant 1: nothing leaves before its commit, nothing stays after it, order holds in a flow, nothing "
    "leaks") {
  const auto seed = GENERATE(range(1u, 60u));
  CAPTURE(seed);
  CHECK(Model<HoldBuffer>(seed).run().empty());
}

TEST_CASE("the model notices a buffer that breaks a rule, and names the rule") {
  CHECK(broken_rule<ReleasesTheNextEpochToo>() == "early");
  CHECK(broken_rule<ForgetsToGoOn>() == "stuck");
  CHECK(broken_rule<OneQueue<false>>() == "stuck");
  CHECK(broken_rule<OneQueue<true>>() == "order");
  CHECK(broken_rule<LosesWhatItTook>() == "leaked");
  CHECK(broken_rule<DrainsAFew>() == "leaked");
  CHECK(broken_rule<TakesNewOnesToTheEnd>() == "room");
}

TEST_CASE("a packet of a committed epoch waits for none of a later one") {
  HoldBuffer buffer(8);
  REQUIRE(buffer.push(held(1, 7)));
  REQUIRE(buffer.push(held(2, 6)));
  std::vector<rte_mbuf*> left;
  const auto leave = [&](const HeldPacket& packet) {
    left.push_back(packet.mbuf);
    return true;
  };
  CHECK(buffer.release(6, leave));
  CHECK(left == std::vector<rte_mbuf*>{packet_number(2)});
  CHECK(buffer.release(7, leave));
  CHECK(left == std::vector<rte_mbuf*>{packet_number(2), packet_number(1)});
}

TEST_CASE("draining hands out every packet whatever its epoch") {
  HoldBuffer buffer(8);
  for (std::uintptr_t n = 1; n <= 8; ++n) REQUIRE(buffer.push(held(n, n)));
  CHECK_FALSE(buffer.push(held(9, 1)));
  unsigned freed = 0;
  buffer.drain([&](const HeldPacket&) { ++freed; });
  CHECK(freed == 8);
  CHECK(buffer.empty());
  CHECK(buffer.push(held(9, 1)));
}
