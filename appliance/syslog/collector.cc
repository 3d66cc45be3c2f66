#include "appliance/syslog/collector.h"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "appliance/syslog/format.h"

namespace stillwater::appliance::syslog {
namespace {

constexpr Instant kNever = Instant::max();

std::string name_of(SyslogTransport transport) {
  switch (transport) {
    case SyslogTransport::tls:
      return "tls";
    case SyslogTransport::tcp:
      return "tcp";
    case SyslogTransport::udp:
      return "udp";
  }
  return "unknown";
}

std::string text_of(const Endpoint& at) {
  const bool is_ipv6 = at.address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

}  // namespace

Collector::Collector(const CollectorConfig& config, Connect connect)
    : config_(config), connect_(std::move(connect)) {
  now_.address = text_of(config.address);
  now_.transport = name_of(config.transport);
  publish();
}

void Collector::offer(const Message& message) {
  if (queue_.size() >= kQueueMax) {
    queue_.pop_front();
    add_lost(1);
  }
  queue_.push_back(message);
}

void Collector::add_lost(std::uint64_t records) {
  lost_untold_ += records;
  now_.lost += records;
}

short Collector::waits_for() const {
  if (!transport_) return 0;
  if (!ready_) return transport_->waits_for();
  return static_cast<short>(POLLIN | (idle() ? 0 : transport_->waits_for()));
}

std::string Collector::turn(Instant now) {
  const Status stepped = step(now);
  std::string why;
  if (!stepped) {
    why = stepped.error().message;
    now_.last_error = why;
    transport_.reset();
    ready_ = false;
    wake_at_ = now + back_off_;
    back_off_ = std::min(2 * back_off_, kLongestBackOff);
  }
  now_.connected = ready_;
  publish();
  return why;
}

Status Collector::step(Instant now) {
  if (!transport_) {
    if (now < wake_at_) return {};
    auto made = connect_(config_);
    if (!made) return tl::unexpected(made.error());
    transport_ = std::move(*made);
    sent_ = 0;
    wire_.clear();
    wake_at_ = now + kPatience;
  }
  const auto advanced = transport_->advance();
  if (!advanced) return tl::unexpected(advanced.error());
  if (!*advanced) {
    if (now < wake_at_) return {};
    return fail(Errc::timed_out, "the collector does not answer");
  }
  if (!std::exchange(ready_, true)) wake_at_ = kNever;
  return send(now);
}

// What a socket took counts as progress; none for too long, and the connection is given up.
Status Collector::send(Instant now) {
  while (!idle()) {
    if (wire_.empty()) begin_message();
    const auto taken = transport_->send_some(std::string_view(wire_).substr(sent_));
    if (!taken) return tl::unexpected(taken.error());
    if (*taken == 0) {
      if (wake_at_ == kNever) wake_at_ = now + kPatience;
      if (now < wake_at_) return {};
      return fail(Errc::timed_out, "the collector does not read");
    }
    wake_at_ = kNever;
    sent_ += *taken;
    if (sent_ == wire_.size()) end_message();
  }
  return {};
}

// Anew after a connection that ended: with what was lost meanwhile.
void Collector::begin_message() {
  if (!current_) {
    current_ = std::move(queue_.front());
    queue_.pop_front();
  }
  lost_in_wire_ = lost_untold_;
  std::string text = *current_;
  if (lost_in_wire_ > 0) text += lost_element(lost_in_wire_);
  const bool counts_octets = config_.transport != SyslogTransport::udp;
  wire_ = counts_octets ? std::to_string(text.size()) + " " + text : std::move(text);
  sent_ = 0;
}

// Messages got through: the next failure is a first one.
void Collector::end_message() {
  lost_untold_ -= std::exchange(lost_in_wire_, 0);
  current_.reset();
  wire_.clear();
  sent_ = 0;
  ++now_.sent;
  back_off_ = kFirstBackOff;
}

void Collector::publish() {
  now_.waiting = static_cast<std::uint32_t>(queue_.size() + (current_ ? 1 : 0));
  const std::lock_guard lock(mutex_);
  published_ = now_;
}

CollectorFigures Collector::figures() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace stillwater::appliance::syslog
