// One direction of the UDP probe: numbered datagrams at a steady pace from one socket to another, every send
// and arrival timed on one clock, every byte checked. Two threads: one sends, one receives.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include <netinet/in.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/load/payload.h"
#include "tests/rig/load/probe_account.h"

namespace stillwater::rig {

// Started and stopped by one thread. The sockets outlive it; each may be sent on and received from by two
// streams at once.
class ProbeStream {
 public:
  struct Options {
    Direction direction;
    std::uint32_t per_second;
    Nanos at_most;  // room for records; sending ends there by itself
  };
  // Where the next datagram goes; none: not yet known, the slot passes. Called by the send thread.
  using Target = std::function<std::optional<sockaddr_in>()>;
  // Who sent a datagram that arrived whole. Called by the receive thread.
  using Heard = std::function<void(const sockaddr_in&)>;

  explicit ProbeStream(const Options& options);
  ~ProbeStream() { stop_receiving(); }
  ProbeStream(const ProbeStream&) = delete;
  ProbeStream& operator=(const ProbeStream&) = delete;

  [[nodiscard]] Status start(const UniqueFd& sender, const UniqueFd& receiver, Target target, Heard heard);
  void stop_sending();
  // Also stops sending. Datagrams that arrive later count as lost.
  void stop_receiving();

  // Any time, any thread.
  [[nodiscard]] std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t arrived() const { return arrived_.load(std::memory_order_relaxed); }

  // After stop_receiving().
  [[nodiscard]] const ProbeAccount& account() const { return account_; }
  [[nodiscard]] std::uint64_t pace_missed() const { return pace_missed_; }
  [[nodiscard]] std::uint64_t receiver_dropped() const { return receiver_dropped_; }
  [[nodiscard]] bool realtime() const { return realtime_; }

 private:
  void send_loop();
  void receive_loop();
  [[nodiscard]] bool send_one(std::uint32_t number, const sockaddr_in& to) const;
  void take_arrivals();

  Options options_;
  int sender_ = -1;
  int receiver_ = -1;
  Target target_;
  Heard heard_;
  UniqueFd wake_receiver_;
  ProbeAccount account_;                   // sends: send thread; arrivals: receive thread
  std::uint64_t pace_missed_ = 0;          // send thread
  std::uint64_t receiver_dropped_ = 0;     // receive thread
  bool realtime_ = false;                  // send thread
  std::atomic<std::uint64_t> sent_{0};     // writer: send thread; relaxed: only shown
  std::atomic<std::uint64_t> arrived_{0};  // writer: receive thread; relaxed: only shown
  std::atomic<bool> stop_sending_{false};  // writer: the owner
  std::thread send_thread_;
  std::thread receive_thread_;
};

// The datagram of this number and direction, and the number of one that is whole. Pure.
constexpr std::size_t kDatagramBytes = 64;
using Datagram = std::array<std::byte, kDatagramBytes>;
[[nodiscard]] Datagram make_datagram(std::uint32_t number, Direction direction);
[[nodiscard]] std::optional<std::uint32_t> number_of(const Datagram& datagram, Direction direction);

}  // namespace stillwater::rig
