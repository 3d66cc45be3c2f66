// Replays a capture through the system under test: the frames as they are, but with the MAC addresses that a
// host at that place would use, and sees which of them arrive at the other end.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/load/replay_account.h"
#include "tests/rig/load/replay_file.h"
#include "tests/rig/wire/frame_view.h"
#include "tests/rig/wire/packet_socket.h"

namespace stillwater::rig {

struct ReplayEnd {
  int space_fd = -1;
  std::string interface;
};

struct ReplayOptions {
  ReplayEnd from;
  ReplayEnd to;
  std::string gateway;           // its address as seen from `from`
  std::uint32_t per_second = 0;  // 0: at the recorded times
  std::uint32_t times = 0;       // passes through the file; 0: until it is stopped
};

// Two threads: one sends, one receives. Started and stopped by one thread; the destructor stops it.
class Replay {
 public:
  // `from` has the gateway among its neighbours already, as after any traffic.
  [[nodiscard]] static Result<std::unique_ptr<Replay>> start(ReplayFile file, const ReplayOptions& options);
  ~Replay() { stop_receiving(); }

  void stop_sending();
  // Also stops sending. Frames that arrive later count as lost.
  void stop_receiving();

  // Any time, any thread.
  [[nodiscard]] std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t arrived() const { return arrived_.load(std::memory_order_relaxed); }

  // After stop_receiving().
  [[nodiscard]] const ReplayAccount& account() const { return account_; }
  // Frames that were due and not sent: the sender woke more than kLate after their time, the kernel refused
  // them, or the gateway's address was unknown.
  [[nodiscard]] std::uint64_t pace_missed() const { return pace_missed_; }
  // Frames that the receiver was too slow for: the rig's own loss.
  [[nodiscard]] std::uint64_t receiver_dropped() const { return receiver_dropped_; }

  static constexpr Nanos kLate = 5ms;

 private:
  Replay(ReplayFile file, const ReplayOptions& options);
  [[nodiscard]] Status open();
  void send_loop();
  void receive_loop();
  // False: nothing more to take, for now.
  [[nodiscard]] bool take_batch(PacketBatch& batch);
  // When the frame of this running number is due, from the beginning.
  [[nodiscard]] Nanos due(std::uint64_t number) const;
  [[nodiscard]] bool send_one(ReplayFrame& frame);
  // As the kernel of `from` has it now: after a takeover it may be another.
  [[nodiscard]] std::optional<MacAddress> gateway_mac() const;

  ReplayFile file_;  // send thread
  ReplayOptions options_;
  std::unordered_set<std::uint64_t> known_;  // fingerprints; unchanged while the threads run
  UniqueFd sender_;
  UniqueFd resolver_;
  UniqueFd receiver_;
  UniqueFd wake_receiver_;
  MacAddress own_mac_{};
  ReplayAccount account_;                  // sends: send thread; arrivals: receive thread
  std::uint64_t pace_missed_ = 0;          // send thread
  std::uint64_t receiver_dropped_ = 0;     // receive thread
  std::atomic<std::uint64_t> sent_{0};     // writer: send thread; relaxed: only shown
  std::atomic<std::uint64_t> arrived_{0};  // writer: receive thread; relaxed: only shown
  std::atomic<bool> stop_sending_{false};  // writer: the owner
  std::thread send_thread_;
  std::thread receive_thread_;
};

}  // namespace stillwater::rig
