// One direction of an impaired link. Pure: frames and time come in as arguments.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "tests/rig/relay/impairment.h"

namespace stillwater::rig {

// Says for the frames 0, 1, 2 ... in turn which of them a selection means.
class Chooser {
 public:
  Chooser(Selection selection, std::uint64_t seed);
  [[nodiscard]] bool next();

 private:
  Selection selection_;
  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
  std::size_t position_ = 0;  // in the sorted numbers
};

// Frames leave in the order of their arrival, except those that were chosen to be reordered. One thread.
class ImpairedPath {
 public:
  struct Frame {
    std::vector<std::byte> bytes;
    Instant due{};
    int copies = 1;
  };
  // A frame that nothing overtakes leaves this long after its time all the same, in order.
  static constexpr Nanos kHeldAtMost = 1s;
  static constexpr std::size_t kRoomBytes = 64 << 20;

  explicit ImpairedPath(std::uint64_t seed);

  // From now on; frames are numbered from 0 again and the seed starts anew. What is under way keeps its time,
  // unless it is cut.
  void set(const Impairment& impairment);

  void offer(std::span<const std::byte> frame, Instant now);

  // When take() has something next.
  [[nodiscard]] std::optional<Instant> next_due() const;
  // The next frame that is due; the caller sends it `copies` times and then calls sent().
  [[nodiscard]] std::optional<Frame> take(Instant now);
  // `copies_sent`: how many of them the kernel took.
  void sent(const Frame& frame, int copies_sent, Instant now);

  // A frame that is longer than the relay can hold.
  void add_too_long() {
    ++counts_.offered;
    ++counts_.refused;
  }
  void add_unseen(std::uint64_t frames) { counts_.unseen += frames; }
  [[nodiscard]] const RelayCounts& counts() const { return counts_; }

 private:
  struct Held {
    Frame frame;
    std::uint32_t behind;  // how many others go first
    std::uint32_t passed;
  };
  // When the frame has crossed the link; nothing: the queue is full.
  [[nodiscard]] std::optional<Instant> crossing(std::size_t bytes, Instant now);
  void release(Frame frame);
  void pass(Frame frame);
  template <class Ready>
  void release_held(const Ready& ready);
  void drop_all_under_way();

  std::uint64_t seed_;
  Impairment impairment_;
  Chooser lose_;
  Chooser duplicate_;
  Chooser reorder_;
  std::mt19937_64 jitter_;
  Instant line_free_at_{};
  Instant last_due_{};
  std::deque<Frame> under_way_;  // by `due`
  std::deque<Held> held_;
  std::size_t bytes_under_way_ = 0;
  RelayCounts counts_;
};

}  // namespace stillwater::rig
