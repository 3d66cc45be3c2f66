// A TCP endpoint as RFC 9293 has it, as far as its segments' numbers go: a model for property tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "dataplane/datapath/tcp_window.h"
#include "tests/unit/dataplane/frames.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {

// Offsets count from its first number: 0 is the SYN, 1 the first octet, `total` + 1 the FIN.
class TcpEndpoint {
 public:
  struct Traits {
    std::uint32_t first = 0;
    std::uint32_t total = 0;   // octets to send
    std::uint32_t buffer = 0;  // octets that it can receive ahead of its application
    std::optional<std::uint8_t> shift{};
    std::uint32_t segment_max = 1460;
  };
  explicit TcpEndpoint(const Traits& traits) : traits_(traits) {}

  // One of the segments that it may send now; none: there is nothing to say.
  std::optional<TcpSegment> send(Random& random) {
    if (!opened_) return std::nullopt;
    if (acknowledged_ == 0) return syn();
    read(random);
    switch (random() % 8) {
      case 0:
        return again(random);
      case 1:
        return keep_alive(random);
      case 2:
        return is_answered_ ? std::optional(segment(kAck, sent_, 0)) : std::nullopt;
      default:
        return new_data(random);
    }
  }
  void open() { opened_ = true; }

  // Returns whether it answers at once, by send_ack().
  bool receive(const TcpSegment& seen) {
    if ((seen.flags & kSyn) != 0) return receive_syn(seen);
    if (!is_answered_ || !opened_) return false;
    take_ack(seen, std::uint32_t{seen.window} << (scales_ ? peer_shift_ : 0));
    const std::uint32_t begin = seen.seq - peer_first_;  // offsets fit, as do numbers' differences
    const std::uint32_t end = seen.end() - peer_first_;
    if (static_cast<std::int32_t>(end - expected_) <= 0) return seen.length != 0 || end != expected_;
    if (static_cast<std::int32_t>(begin - (expected_ + room())) >= 0) return true;
    auto& stored = ahead_[begin];
    stored = std::max(stored, end);
    const std::uint32_t before = expected_;
    for (auto next = ahead_.begin(); next != ahead_.end() && next->first <= expected_;
         next = ahead_.erase(next))
      expected_ = std::max(expected_, next->second);
    unread_ += expected_ - before;
    return true;
  }
  [[nodiscard]] TcpSegment send_ack() {
    if (acknowledged_ == 0) return syn();
    return segment(kAck, sent_, 0);
  }

  [[nodiscard]] bool is_connected() const { return is_answered_ && acknowledged_ != 0; }
  // All that it has to say was acknowledged.
  [[nodiscard]] bool is_done() const { return acknowledged_ == traits_.total + 2; }
  // The number after the last that it sent.
  [[nodiscard]] std::uint32_t next_number() const { return traits_.first + sent_; }

 private:
  [[nodiscard]] std::uint32_t room() const { return traits_.buffer > unread_ ? traits_.buffer - unread_ : 0; }
  [[nodiscard]] std::uint16_t window(bool scaled) const {
    return static_cast<std::uint16_t>(std::min(room() >> (scaled ? *traits_.shift : 0), 0xffffu));
  }
  [[nodiscard]] TcpSegment segment(std::uint8_t flags, std::uint32_t offset, std::uint32_t length) const {
    return {.seq = traits_.first + offset,
            .ack = peer_first_ + expected_,
            .length = length,
            .window = window(scales_),
            .flags = flags};
  }
  TcpSegment syn() {
    sent_ = std::max(sent_, 1u);
    TcpSegment made = segment(is_answered_ ? kSyn | kAck : kSyn, 0, 1);
    made.window = window(false);
    if (!is_answered_) made.ack = 0;
    if (traits_.shift && (!is_answered_ || peer_offered_))
      made.scale = static_cast<std::uint8_t>(*traits_.shift + 1);
    return made;
  }
  bool receive_syn(const TcpSegment& seen) {
    const bool is_repeated = is_answered_;
    if (!is_repeated) {
      peer_first_ = seen.seq;
      expected_ = 1;
      peer_offered_ = seen.scale != 0;
      scales_ = peer_offered_ && traits_.shift.has_value();
      if (scales_) peer_shift_ = static_cast<std::uint8_t>(seen.scale - 1);
      is_answered_ = true;
    }
    opened_ = true;
    edge_ = std::max(edge_, 1u + (is_repeated ? 0u : seen.window));
    take_ack(seen, seen.window);
    return true;
  }
  void take_ack(const TcpSegment& seen, std::uint32_t window) {
    if ((seen.flags & kAck) == 0) return;
    const std::uint32_t offset = seen.ack - traits_.first;
    if (offset > traits_.total + 2) return;
    acknowledged_ = std::max(acknowledged_, offset);
    sent_ = std::max(sent_, acknowledged_);
    edge_ = std::max(edge_, offset + window);
  }

  void read(Random& random) {
    if (random() % 4 == 0) unread_ -= std::min(unread_, random() % (traits_.buffer + 1));
  }
  [[nodiscard]] std::uint32_t length_at(std::uint32_t offset, std::uint32_t end, Random& random) const {
    const std::uint32_t longest = std::min(traits_.segment_max, end - offset);
    return random() % 4 == 0 ? 1 + random() % longest : longest;
  }
  std::optional<TcpSegment> data(std::uint32_t offset, std::uint32_t length) {
    const std::uint32_t fin_at = traits_.total + 1;
    const bool fins = offset + length > fin_at;
    sent_ = std::max(sent_, offset + length);
    return segment(fins ? kFin | kAck : kAck, offset, length);
  }
  std::optional<TcpSegment> new_data(Random& random) {
    if (!is_answered_) return std::nullopt;
    const std::uint32_t end = std::min(edge_, traits_.total + 2);
    if (sent_ < end) return data(sent_, length_at(sent_, end, random));
    const bool is_closed = edge_ <= sent_ && acknowledged_ == sent_ && sent_ < traits_.total + 1;
    return is_closed ? data(sent_, 1) : again(random);  // the peer's window is 0: it is probed
  }
  std::optional<TcpSegment> again(Random& random) {
    if (acknowledged_ >= sent_) return std::nullopt;
    return data(acknowledged_, length_at(acknowledged_, sent_, random));
  }
  std::optional<TcpSegment> keep_alive(Random& random) const {
    if (!is_connected() || acknowledged_ != sent_ || sent_ > traits_.total + 1) return std::nullopt;
    return segment(kAck, sent_ - 1, random() % 2);
  }

  Traits traits_;
  bool opened_ = false;
  bool is_answered_ = false;  // the peer's SYN is here
  bool peer_offered_ = false;
  bool scales_ = false;
  std::uint8_t peer_shift_ = 0;
  std::uint32_t sent_ = 0;  // offsets of its own
  std::uint32_t acknowledged_ = 0;
  std::uint32_t edge_ = 0;
  std::uint32_t peer_first_ = 0;
  std::uint32_t expected_ = 0;  // offsets of the peer's
  std::uint32_t unread_ = 0;
  std::map<std::uint32_t, std::uint32_t> ahead_;  // begin to end
};

}  // namespace stillwater::dataplane
