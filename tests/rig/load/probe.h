// The UDP probe: numbered datagrams at a steady pace, client to server, every send and arrival timed on one
// clock. Two threads: one sends, one receives.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/load/probe_account.h"

namespace stillwater::rig {

struct ProbeOptions {
  int client_space_fd = -1;
  int server_space_fd = -1;
  std::string server_address;
  std::uint16_t port = 9000;
  std::uint32_t per_second = 2000;
  Nanos at_most{};  // room for records; sending ends there by itself
};

// Started by one thread, which also stops it. The destructor stops it.
class Probe {
 public:
  // The server's socket exists before the first datagram leaves.
  [[nodiscard]] static Result<std::unique_ptr<Probe>> start(const ProbeOptions& options);
  ~Probe();

  void stop_sending();
  // Also stops sending. Datagrams that arrive later count as lost.
  void stop_receiving();

  // Any time, any thread.
  [[nodiscard]] std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t arrived() const { return arrived_.load(std::memory_order_relaxed); }

  // After stop_receiving().
  [[nodiscard]] const ProbeAccount& account() const { return account_; }
  // Slots of the pace at which nothing was sent: the sender woke too late, or the kernel refused the send.
  [[nodiscard]] std::uint64_t pace_missed() const { return pace_missed_; }
  // Dropped by the full receive buffer: the harness's own loss.
  [[nodiscard]] std::uint64_t receiver_dropped() const { return receiver_dropped_; }
  [[nodiscard]] bool realtime() const { return realtime_; }

 private:
  explicit Probe(const ProbeOptions& options);
  [[nodiscard]] Status open_sockets();
  void send_loop();
  void receive_loop();
  [[nodiscard]] bool send_one(std::uint32_t number);
  void take_arrivals();

  ProbeOptions options_;
  UniqueFd sender_;
  UniqueFd receiver_;
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

}  // namespace stillwater::rig
