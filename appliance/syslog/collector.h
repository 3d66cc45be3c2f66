// A collector of logs, and what waits for it.
//
// Invariants: messages leave in order; one that was begun is sent whole, on the next connection anew if need
// be; every message that does not leave is counted, and the next that leaves says how many those were.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "appliance/config/config.h"
#include "appliance/syslog/transport.h"
#include "base/clock.h"

namespace stillwater::appliance::syslog {

// For status.
struct CollectorFigures {
  std::string address;    // ADDRESS:PORT
  std::string transport;  // tls | tcp | udp
  bool connected = false;
  std::uint64_t sent = 0;  // messages handed to the socket
  std::uint64_t lost = 0;  // that did not get so far, those that the dataplane lost included
  std::uint32_t waiting = 0;
  std::string last_error;  // empty: none since start
};

// Its text, shared by all collectors.
using Message = std::shared_ptr<const std::string>;

// One thread, but for `figures`. Never waits: a collector that does not read or is not there costs its queue.
class Collector {
 public:
  static constexpr std::size_t kQueueMax = 16'384;  // messages of some 300 bytes: 5 MiB
  static constexpr Nanos kPatience = 5s;            // to connect, and to read what is sent
  static constexpr Nanos kFirstBackOff = 250ms;     // after a failure, doubled with each further one
  static constexpr Nanos kLongestBackOff = 30s;

  using Connect = std::function<Result<std::unique_ptr<Transport>>(const CollectorConfig&)>;
  explicit Collector(const CollectorConfig& config, Connect connect = connect_to);

  // Queues it; where there is no room the oldest one is dropped.
  void offer(const Message& message);
  // So many never became messages.
  void add_lost(std::uint64_t records);

  // Connects when it is due, and sends what the socket takes. Why a connection failed or ended, for the log;
  // empty: nothing to say.
  [[nodiscard]] std::string turn(Instant now);

  // What the next turn waits for beside time: -1 for no file.
  [[nodiscard]] int fd() const { return transport_ ? transport_->fd() : -1; }
  [[nodiscard]] short waits_for() const;
  [[nodiscard]] Instant wake_at() const { return wake_at_; }
  [[nodiscard]] bool idle() const { return queue_.empty() && !current_; }

  // Any thread.
  [[nodiscard]] CollectorFigures figures() const;

 private:
  [[nodiscard]] Status step(Instant now);
  [[nodiscard]] Status send(Instant now);
  void begin_message();
  void end_message();
  void publish();

  const CollectorConfig config_;
  const Connect connect_;
  std::unique_ptr<Transport> transport_;
  bool ready_ = false;
  Nanos back_off_ = kFirstBackOff;
  Instant wake_at_{0};  // without a connection: when to try again; with one: when patience ends
  std::deque<Message> queue_;
  Message current_;       // was begun; null: none
  std::string wire_;      // as it is sent
  std::size_t sent_ = 0;  // bytes of it
  std::uint64_t lost_untold_ = 0, lost_in_wire_ = 0;

  CollectorFigures now_;  // of this thread
  mutable std::mutex mutex_;
  CollectorFigures published_;  // under the mutex
};

}  // namespace stillwater::appliance::syslog
