#include "tests/rig/relay/relay.h"

#include <algorithm>
#include <cerrno>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

// Above the load's threads: they must find the link as it was set, not as the scheduler made it.
constexpr int kPriority = 30;
// The largest frame of a link with jumbo frames; veth hands on nothing larger without offloads.
constexpr std::size_t kFrameBytes = 16 << 10;
constexpr int kBufferBytes = 16 << 20;

}  // namespace

Relay::Relay(const RelayOptions& options)
    : sides_{Side{{}, {}, ImpairedPath(options.seed)}, Side{{}, {}, ImpairedPath(options.seed + 0x10)}},
      batch_(kFrameBytes) {}

Result<std::unique_ptr<Relay>> Relay::start(const RelayOptions& options) {
  std::unique_ptr<Relay> relay(new Relay(options));
  const Status opened = inside_space(options.space_fd, [&] { return relay->open(options); });
  if (!opened) return tl::unexpected(opened.error());
  Relay* self = relay.get();
  relay->thread_ = std::thread([self] { self->run(); });
  return relay;
}

Relay::~Relay() {
  stop_.store(true);
  if (!thread_.joinable()) return;
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

Status Relay::open(const RelayOptions& options) {
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  timer_.reset(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!wake_ || !timer_) return fail_errno("cannot make a relay's timer", errno);
  std::array<UniqueFd, 2> ends;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    auto fd =
        packet_socket({.interface = i == 0 ? options.a : options.b, .receive_buffer_bytes = kBufferBytes});
    if (!fd) return tl::unexpected(fd.error());
    setsockopt(fd->get(), SOL_SOCKET, SO_SNDBUFFORCE, &kBufferBytes, sizeof(kBufferBytes));
    ends[i] = std::move(*fd);
  }
  // Each direction sends through the socket that the other one reads.
  for (std::size_t i = 0; i < ends.size(); ++i) {
    sides_[1 - i].to.reset(fcntl(ends[i].get(), F_DUPFD_CLOEXEC, 0));
    if (!sides_[1 - i].to) return fail_errno("cannot share a relay's socket", errno);
    sides_[i].from = std::move(ends[i]);
  }
  return {};
}

Status Relay::set(RelayWay way, const Impairment& impairment) {
  if (Status valid = check(impairment); !valid) return valid;
  const std::lock_guard lock(mutex_);
  sides_[static_cast<std::size_t>(way)].path.set(impairment);
  return {};
}

RelayCounts Relay::counts(RelayWay way) const {
  const std::lock_guard lock(mutex_);
  return sides_[static_cast<std::size_t>(way)].path.counts();
}

std::string Relay::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Relay::run() {
  name_this_thread("rig-relay");
  realtime_.store(make_this_thread_realtime(kPriority).has_value());
  while (!stop_.load()) {
    std::array<pollfd, 4> fds{pollfd{sides_[0].from.get(), POLLIN, 0},
                              pollfd{sides_[1].from.get(), POLLIN, 0}, pollfd{timer_.get(), POLLIN, 0},
                              pollfd{wake_.get(), POLLIN, 0}};
    poll(fds.data(), fds.size(), -1);
    const std::lock_guard lock(mutex_);
    if (const Status went = turn(); !went) {
      trouble_ = went.error().message;
      return;
    }
  }
}

Status Relay::turn() {
  for (Side& side : sides_) {
    if (Status taken = take_in(side); !taken) return taken;
  }
  for (Side& side : sides_) send_due(side);
  arm_timer();
  return {};
}

Status Relay::take_in(Side& side) {
  stamps_.sample();
  const auto count = batch_.receive(side.from.get());
  if (!count) return tl::unexpected(count.error());
  for (std::size_t i = 0; i < *count; ++i) {
    const ReceivedFrame frame = batch_.take(i);
    // A frame's delay runs from its arrival, not from when this thread woke up.
    if (!frame.too_long) side.path.offer(frame.bytes, stamps_.instant_of(frame));
    if (frame.too_long) side.path.add_too_long();
  }
  const auto unseen = take_dropped(side.from.get());
  if (!unseen) return tl::unexpected(unseen.error());
  side.path.add_unseen(*unseen);
  return {};
}

void Relay::send_due(Side& side) {
  const BootClock clock;
  const Instant now = clock.now();
  while (const auto frame = side.path.take(now)) {
    int taken = 0;
    for (int copy = 0; copy < frame->copies; ++copy) {
      const ssize_t sent = send(side.to.get(), frame->bytes.data(), frame->bytes.size(), MSG_DONTWAIT);
      if (sent == static_cast<ssize_t>(frame->bytes.size())) ++taken;
    }
    side.path.sent(*frame, taken, clock.now());
  }
}

void Relay::arm_timer() {
  std::optional<Instant> next;
  for (const Side& side : sides_) {
    const auto due = side.path.next_due();
    if (due) next = std::min(next.value_or(*due), *due);
  }
  itimerspec when{};
  if (next) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*next);
    // All zero would disarm it.
    when.it_value = {seconds.count(), std::max<long>(1, (*next - seconds).count())};
  }
  // Setting it also takes back an expiry that nobody has read.
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace stillwater::rig
