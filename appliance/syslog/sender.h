// The thread that sends the logs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "appliance/syslog/collector.h"
#include "appliance/syslog/format.h"
#include "base/clock.h"
#include "base/repeat_filter.h"
#include "dataplane/datapath/events/log_record.h"

namespace stillwater::appliance::syslog {

// Where records come from: all that may be told, since what they reveal is committed.
class Records {
 public:
  virtual ~Records() = default;
  // On the sender's thread. How many were copied to `into`; 0: none may be told now.
  [[nodiscard]] virtual std::size_t take(std::span<dataplane::LogRecord> into) = 0;
  // That will never be handed out, since start.
  [[nodiscard]] virtual std::uint64_t lost() const = 0;
};

// Neither a worker nor the replication thread ever waits for it. `records` and `clock` outlive it.
class Sender {
 public:
  static constexpr Nanos kFlushWithin = 900ms;

  Sender(const SyslogConfig& config, Origin origin, Records& records, const Clock& clock);
  ~Sender() { stop(); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void start();
  // What may be told is sent, as far as collectors take it within kFlushWithin. Twice does nothing.
  void stop();

  // Any thread.
  [[nodiscard]] std::vector<CollectorFigures> figures() const;

 private:
  static constexpr Nanos kInterval = 20ms;  // a ring must hold what comes meanwhile
  static constexpr std::size_t kBatch = 256;

  void run();
  void flush();
  // False: there was nothing to take.
  bool pull();
  void send();
  void wait(Instant until) const;
  [[nodiscard]] bool all_idle() const;

  const Origin origin_;
  Records& records_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Collector>> collectors_;
  std::vector<dataplane::LogRecord> batch_;
  std::uint64_t lost_told_ = 0;
  RepeatFilter failures_said_;
  std::atomic<bool> stopping_{false};  // writer: whoever stops it
  std::thread thread_;
};

}  // namespace stillwater::appliance::syslog
