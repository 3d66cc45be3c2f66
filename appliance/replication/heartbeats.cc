#include "appliance/replication/heartbeats.h"

#include <algorithm>
#include <array>
#include <utility>

#include <poll.h>

#include "base/thread.h"

namespace stillwater::appliance {
namespace {

constexpr int kPriority = 30;  // above the replication thread: heartbeats must not wait for a checkpoint

// What heartbeats say before they are told what to say.
wire::Heartbeat of_a_starting_node() {
  wire::Heartbeat beat{};
  beat.state = wire::NodeState::starting;
  return beat;
}

}  // namespace

Heartbeats::Heartbeats(const Options& options, std::unique_ptr<BeatSocket> socket, const Clock& clock,
                       standby::Lease& lease, std::function<Nanos()> region_now)
    : socket_(std::move(socket)),
      sender_(wire::name_digest(options.node)),
      interval_(options.interval),
      trust_(options.trust),
      clock_(clock),
      lease_(lease),
      region_now_(std::move(region_now)),
      content_(of_a_starting_node()),
      keys_(options.path),
      thread_([this](const std::stop_token& stop) { run(stop); }) {
  files_.wait_and_leave(std::array{socket_->fd()});
}

Heartbeats::~Heartbeats() {
  thread_.request_stop();
  thread_.join();
}

void Heartbeats::say(const wire::Heartbeat& content) {
  const std::lock_guard lock(mutex_);
  content_ = content;
}

void Heartbeats::trust(const ConnectionSecret& secret) {
  const std::lock_guard lock(mutex_);
  keys_.learn(secret);
}

std::optional<ReceivedBeat> Heartbeats::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  ReceivedBeat next = waiting_.front();
  waiting_.pop_front();
  return next;
}

std::uint64_t Heartbeats::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

// Without the right to real-time scheduling heartbeats are merely later: the daemon says so once at start.
// After a stall of its own it does not make up for the heartbeats that it missed.
void Heartbeats::run(const std::stop_token& stop) {
  files_.take();
  name_this_thread("sw-heartbeat");
  [[maybe_unused]] const Status realtime = make_this_thread_realtime(kPriority);
  Instant next = clock_.now();
  while (!stop.stop_requested()) {
    const Instant now = clock_.now();
    const bool connected = socket_->connected();
    if (now >= next) {
      if (connected) send_one();
      next = std::max(next + interval_, now);
    }
    pollfd readable{socket_->fd(), POLLIN, 0};
    const Nanos wait = std::clamp(next - clock_.now(), Nanos(0), Nanos(interval_));
    const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
    if (ppoll(&readable, connected ? 1 : 0, &timeout, nullptr) <= 0) continue;
    receive_all();
    if ((readable.revents & POLLERR) != 0) read_refusals();
  }
  socket_->close();
}

// A forger would have to have seen the heartbeat.
void Heartbeats::read_refusals() {
  std::byte bytes[HeartbeatKeys::kDatagram];
  for (unsigned datagrams = 0; datagrams < 256; ++datagrams) {
    const auto got = socket_->take_refused(bytes);
    if (!got) return;
    const std::span datagram(bytes, *got);
    const auto beat = wire::parse_heartbeat(datagram.first(std::min(*got, sizeof(wire::Heartbeat))));
    const std::lock_guard lock(mutex_);
    if (!beat || beat->sender != sender_) continue;
    if (trust_ == Trust::authenticated && !keys_.knows(datagram)) continue;
    refusal_ = std::max(refusal_.value_or(Instant{}), Instant(beat->stamp_ns));
  }
}

std::optional<Instant> Heartbeats::take_refusal() {
  const std::lock_guard lock(mutex_);
  return std::exchange(refusal_, std::nullopt);
}

void Heartbeats::send_one() {
  wire::Heartbeat beat;
  {
    const std::lock_guard lock(mutex_);
    beat = content_;
    beat.echo_stamp_ns = newest_stamp_.count();
  }
  const standby::Grant grant = lease_.grant();
  beat.grant_stamp_ns = grant.stamp.count();
  beat.grant_term = grant.term;
  beat.sender = sender_;
  beat.region_now_ns = region_now_().count();
  beat.stamp_ns = clock_.now().count();
  wire::seal(beat);
  // A peer that is not there refuses: read_refusals.
  if (trust_ == Trust::anybody) return socket_->send(std::as_bytes(std::span(&beat, 1)));
  std::unique_lock lock(mutex_);
  const auto sealed = keys_.seal(beat);
  lock.unlock();
  if (sealed) socket_->send(*sealed);
}

std::optional<wire::Heartbeat> Heartbeats::open(wire::Bytes datagram) {
  if (trust_ == Trust::anybody) return wire::parse_heartbeat(datagram);
  const std::lock_guard lock(mutex_);
  return keys_.open(datagram);
}

void Heartbeats::receive_all() {
  for (unsigned datagrams = 0; datagrams < 256; ++datagrams) {
    std::byte bytes[HeartbeatKeys::kDatagram + 1];
    const auto got = socket_->receive(bytes);
    if (!got) return;
    const auto beat = open(std::span(bytes, *got));
    const bool peers = beat && beat->sender != sender_;
    const Instant now = clock_.now();
    if (peers) standby::exchange_grants(lease_, *beat, now);
    const std::lock_guard lock(mutex_);
    if (!peers) {
      ++refused_;
      continue;
    }
    newest_stamp_ = Instant(beat->stamp_ns);
    if (waiting_.size() == kWaitingMax) waiting_.pop_front();
    waiting_.push_back({*beat, now});
  }
}

}  // namespace stillwater::appliance
