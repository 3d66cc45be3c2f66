#include "appliance/syslog/sender.h"

#include <algorithm>

#include <poll.h>
#include <spdlog/spdlog.h>

#include "base/thread.h"

namespace stillwater::appliance::syslog {

Sender::Sender(const SyslogConfig& config, Origin origin, Records& records, const Clock& clock)
    : origin_(std::move(origin)), records_(records), clock_(clock), batch_(kBatch) {
  for (const CollectorConfig& collector : config.collectors)
    collectors_.push_back(std::make_unique<Collector>(collector));
}

void Sender::start() {
  thread_ = std::thread([this] { run(); });
}

void Sender::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Sender::run() {
  name_this_thread("sw-syslog");
  while (!stopping_) {
    const Instant next = clock_.now() + kInterval;
    while (pull() && !stopping_) send();
    send();
    wait(next);
  }
  flush();
}

void Sender::flush() {
  const Instant deadline = clock_.now() + kFlushWithin;
  for (;;) {
    while (pull()) send();
    send();
    const Instant now = clock_.now();
    if (all_idle() || now >= deadline) return;
    wait(std::min(deadline, now + kInterval));
  }
}

// The clocks are compared once a batch: the wall clock may be set at any time.
bool Sender::pull() {
  const std::size_t count = records_.take(batch_);
  const std::uint64_t lost = records_.lost();
  if (lost != lost_told_)
    for (const auto& collector : collectors_) collector->add_lost(lost - lost_told_);
  lost_told_ = lost;
  const auto wall_ahead = std::chrono::system_clock::now().time_since_epoch() - clock_.now();
  for (std::size_t i = 0; i < count; ++i) {
    const WallTime at(batch_[i].at + wall_ahead);
    const auto message = std::make_shared<const std::string>(format(batch_[i], at, origin_));
    for (const auto& collector : collectors_) collector->offer(message);
  }
  return count > 0;
}

void Sender::send() {
  for (const auto& collector : collectors_) {
    const bool was_connected = collector->figures().connected;
    const std::string failure = collector->turn(clock_.now());
    const CollectorFigures now = collector->figures();
    if (now.connected && !was_connected)
      spdlog::info("logs go to the collector {} ({})", now.address, now.transport);
    if (!failure.empty() && failures_said_.let_through(now.address + failure, clock_.now()))
      spdlog::warn("logs do not go to the collector {} ({}): {}", now.address, now.transport, failure);
  }
}

void Sender::wait(Instant until) const {
  std::vector<pollfd> fds;
  for (const auto& collector : collectors_)
    if (collector->fd() >= 0) fds.push_back({collector->fd(), collector->waits_for(), 0});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.now()).count();
  if (left > 0) poll(fds.data(), fds.size(), static_cast<int>(left));
}

bool Sender::all_idle() const {
  return std::all_of(collectors_.begin(), collectors_.end(), [](const auto& one) { return one->idle(); });
}

std::vector<CollectorFigures> Sender::figures() const {
  std::vector<CollectorFigures> figures;
  for (const auto& collector : collectors_) figures.push_back(collector->figures());
  return figures;
}

}  // namespace stillwater::appliance::syslog
