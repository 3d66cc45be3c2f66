// The echo request of ours that waits for its answer: one at a time, whichever worker receives that.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/ip_address.h"
#include "dataplane/datapath/ping/echo.h"

namespace stillwater::dataplane {

struct PingAnswer {
  IpAddress from{};
  Instant at{0};
  std::uint8_t hops = 0;  // time to live or hop limit with which it arrived
  std::uint8_t type = 0;  // of ICMP or ICMPv6, by the family of `from`
  std::uint8_t code = 0;
  std::uint32_t rest = 0;   // an error's second word, in host byte order
  std::uint32_t bytes = 0;  // of the ICMP message
};

// The sending worker says what is awaited, any worker may have the answer, one control thread ends the wait.
class PendingPing {
 public:
  // By the worker that sends, before it does. Nothing is awaited.
  void await(const Echo& echo) {
    echo_ = echo;
    token_.store(token_of(echo), std::memory_order_relaxed);
    stage_.store(Stage::awaited, std::memory_order_release);
  }

  // By any worker: whether `echo` is awaited. Then `answer` is its answer, and it is awaited no longer; but
  // `only_asked` leaves all as it is.
  [[nodiscard]] bool take(const Echo& echo, const PingAnswer& answer, bool only_asked) {
    if (token_.load(std::memory_order_relaxed) != token_of(echo)) return false;
    auto expected = Stage::awaited;
    if (!stage_.compare_exchange_strong(expected, Stage::looked_at, std::memory_order_acquire)) return false;
    const bool is_it = echo == echo_;
    if (is_it && !only_asked) answer_ = answer;
    stage_.store(is_it && !only_asked ? Stage::answered : Stage::awaited, std::memory_order_release);
    return is_it;
  }

  // By the control thread.
  [[nodiscard]] bool answered() const { return stage_.load(std::memory_order_acquire) == Stage::answered; }
  // Nothing is awaited afterwards. The answer, if it has come. Waits while a worker compares.
  [[nodiscard]] std::optional<PingAnswer> end() {
    for (;;) {
      auto stage = Stage::awaited;
      if (stage_.compare_exchange_strong(stage, Stage::idle, std::memory_order_acquire)) return std::nullopt;
      if (stage == Stage::idle) return std::nullopt;
      if (stage != Stage::answered) continue;
      const PingAnswer answer = answer_;
      stage_.store(Stage::idle, std::memory_order_release);
      return answer;
    }
  }

 private:
  enum class Stage : std::uint32_t { idle, awaited, looked_at, answered };

  static std::uint32_t token_of(const Echo& echo) {
    return std::uint32_t{echo.identifier_be} << 16 | echo.sequence_be;
  }

  // Writers: the sender from `idle` to `awaited`, control to `idle`; whoever moves it to `looked_at` has
  // echo_ and answer_ until it moves it on.
  std::atomic<Stage> stage_{Stage::idle};
  std::atomic<std::uint32_t> token_{0};  // writer: the sender; a hint, so that hardly anybody else looks
  Echo echo_{};
  PingAnswer answer_{};
};

}  // namespace stillwater::dataplane
