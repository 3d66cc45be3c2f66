// New TCP connections at a steady rate: connect, send, receive the echo, close, each within a time-out.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/rig/load/attempt_account.h"
#include "tests/rig/load/pacing.h"
#include "tests/rig/load/reactor.h"

namespace stillwater::rig {

// Client's side. Lives on the reactor's thread, which must be in the client's namespace, except for what
// says otherwise.
class NewConnections final : public Reactor::Ticker {
 public:
  // Long enough for a SYN that is sent again after 1 s, and once more after 3 s.
  static constexpr Nanos kTimeout = 5s;

  NewConnections(Reactor& reactor, std::string server_address, std::uint16_t port, std::uint32_t per_second);
  ~NewConnections() override;

  // Any thread.
  void start() { running_.store(true); }
  void stop() { running_.store(false); }  // those under way go on until they end
  [[nodiscard]] std::uint64_t succeeded() const { return succeeded_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t under_way() const { return under_way_.load(std::memory_order_relaxed); }

  // After the reactor has ended.
  [[nodiscard]] const std::vector<Attempt>& attempts() const { return attempts_; }
  // Attempts that were due but not begun, because the thread came too late.
  [[nodiscard]] std::uint64_t pace_missed() const { return pace_.missed(); }

  void tick(Instant now) override;

 private:
  class Connection;

  void begin_one(Instant now);
  void finish(Connection& connection, const std::string& failure);

  Reactor& reactor_;
  std::string server_address_;
  std::uint16_t port_;
  Pace pace_;
  std::list<std::unique_ptr<Connection>> connections_;  // oldest first
  std::vector<Attempt> attempts_;
  std::atomic<bool> running_{false};         // writer: the owner
  std::atomic<std::uint64_t> succeeded_{0};  // writer: reactor's thread, as the next two
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> under_way_{0};
};

}  // namespace stillwater::rig
