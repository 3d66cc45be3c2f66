#include "appliance/replication/heartbeats.h"

#include <ctime>

#include <sys/socket.h>

#include "base/thread.h"

namespace stillwater::appliance {
namespace {

constexpr int kPriority = 30;  // above the replication thread: heartbeats must not wait for a checkpoint

}  // namespace

Heartbeats::Heartbeats(UniqueFd socket, const std::string& node, Nanos interval, const Clock& clock,
                       std::function<Nanos()> region_now)
    : socket_(std::move(socket)),
      sender_(wire::name_digest(node)),
      interval_(interval),
      clock_(clock),
      region_now_(std::move(region_now)),
      thread_([this](const std::stop_token& stop) { send_until_stopped(stop); }) {}

Heartbeats::~Heartbeats() {
  thread_.request_stop();
  thread_.join();
}

// Without the right to real-time scheduling heartbeats are merely later: the daemon says so once at start.
void Heartbeats::send_until_stopped(const std::stop_token& stop) {
  name_this_thread("sw-heartbeat");
  [[maybe_unused]] const Status realtime = make_this_thread_realtime(kPriority);
  timespec next{};
  clock_gettime(CLOCK_MONOTONIC, &next);
  while (!stop.stop_requested()) {
    wire::Heartbeat beat{};
    beat.sender = sender_;
    beat.state = content_.state;
    beat.term = content_.term;
    beat.epoch = content_.epoch;
    beat.echo_stamp_ns = content_.echo_stamp_ns;
    beat.echo_term = content_.echo_term;
    beat.region_now_ns = region_now_().count();
    beat.stamp_ns = clock_.now().count();
    wire::seal(beat);
    send(socket_.get(), &beat, sizeof(beat),
         MSG_NOSIGNAL);  // a peer that is not there refuses: nothing to do
    next.tv_nsec += interval_.count();
    for (; next.tv_nsec >= 1'000'000'000; next.tv_nsec -= 1'000'000'000) ++next.tv_sec;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
  }
}

std::optional<wire::Heartbeat> Heartbeats::receive() {
  for (unsigned datagrams = 0; datagrams < 256; ++datagrams) {
    std::byte bytes[sizeof(wire::Heartbeat) + 1];
    const ssize_t got = recv(socket_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && errno == ECONNREFUSED) continue;
    if (got < 0) return std::nullopt;
    const auto beat = wire::parse_heartbeat(std::span(bytes, static_cast<std::size_t>(got)));
    if (!beat || beat->sender == sender_) {
      ++refused_;
      continue;
    }
    content_.echo_stamp_ns = beat->stamp_ns;
    content_.echo_term = beat->term;
    return beat;
  }
  return std::nullopt;
}

}  // namespace stillwater::appliance
