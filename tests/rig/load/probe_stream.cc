#include "tests/rig/load/probe_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <poll.h>

#include "base/thread.h"
#include "tests/rig/load/pacing.h"

namespace stillwater::rig {
namespace {

constexpr int kPriority = 20;

std::size_t probes_within(const ProbeStream::Options& options) {
  const double seconds = std::chrono::duration<double>(options.at_most).count();
  return static_cast<std::size_t>(seconds * options.per_second) + 1;
}

// A byte of the filling: follows from number, direction and place, so that datagrams of other numbers differ
// in every byte that follows the head.
std::byte filling(std::uint32_t number, Direction direction, std::size_t place) {
  const std::uint32_t mixed = (number * 2654435761U) ^ (static_cast<std::uint32_t>(direction) << 7);
  return static_cast<std::byte>((mixed >> (8 * (place % 4))) + place);
}

}  // namespace

Datagram make_datagram(std::uint32_t number, Direction direction) {
  Datagram datagram{};
  std::memcpy(datagram.data(), &number, sizeof(number));
  for (std::size_t place = sizeof(number); place < datagram.size(); ++place) {
    datagram[place] = filling(number, direction, place);
  }
  return datagram;
}

std::optional<std::uint32_t> number_of(const Datagram& datagram, Direction direction) {
  std::uint32_t number = 0;
  std::memcpy(&number, datagram.data(), sizeof(number));
  if (datagram != make_datagram(number, direction)) return std::nullopt;
  return number;
}

ProbeStream::ProbeStream(const Options& options) : options_(options), account_(probes_within(options)) {}

Status ProbeStream::start(const UniqueFd& sender, const UniqueFd& receiver, Target target, Heard heard) {
  sender_ = sender.get();
  receiver_ = receiver.get();
  target_ = std::move(target);
  heard_ = std::move(heard);
  wake_receiver_.reset(eventfd(0, EFD_CLOEXEC));
  if (!wake_receiver_) return fail_errno("cannot make an eventfd", errno);
  receive_thread_ = std::thread([this] { receive_loop(); });
  send_thread_ = std::thread([this] { send_loop(); });
  return {};
}

void ProbeStream::stop_sending() {
  stop_sending_.store(true);
  if (send_thread_.joinable()) send_thread_.join();
}

void ProbeStream::stop_receiving() {
  stop_sending();
  if (!receive_thread_.joinable()) return;
  eventfd_write(wake_receiver_.get(), 1);
  receive_thread_.join();
}

void ProbeStream::send_loop() {
  name_this_thread("probe-send");
  // Without it the thread's pace is coarser; pace_missed then says by how much.
  realtime_ = make_this_thread_realtime(kPriority).has_value();
  prctl(PR_SET_TIMERSLACK, 1);
  const BootClock clock;
  const Nanos interval = Nanos{1s} / options_.per_second;
  const Instant end = clock.now() + options_.at_most;
  Instant slot = clock.now();
  while (!stop_sending_.load(std::memory_order_relaxed)) {
    slot += interval;
    if (slot >= end) return;
    sleep_until(slot);
    const Instant now = clock.now();
    // Late by whole slots: skip them, rather than send a burst that no real source would.
    const auto skipped = (now - slot) / interval;
    pace_missed_ += static_cast<std::uint64_t>(skipped);
    slot += skipped * interval;
    const auto to = target_();
    if (!to) continue;
    const std::uint64_t number = sent_.load(std::memory_order_relaxed);
    if (!send_one(static_cast<std::uint32_t>(number), *to)) {
      ++pace_missed_;
      continue;
    }
    account_.sent(now);
    sent_.store(number + 1, std::memory_order_relaxed);
  }
}

bool ProbeStream::send_one(std::uint32_t number, const sockaddr_in& to) const {
  const Datagram datagram = make_datagram(number, options_.direction);
  return sendto(sender_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                sizeof(to)) == static_cast<ssize_t>(datagram.size());
}

void ProbeStream::receive_loop() {
  name_this_thread("probe-receive");
  // A late receiver loses nothing, its buffer holds seconds; only the delays would be coarser.
  (void)make_this_thread_realtime(kPriority - 1);
  while (true) {
    std::array<pollfd, 2> fds{pollfd{receiver_, POLLIN, 0}, pollfd{wake_receiver_.get(), POLLIN, 0}};
    poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) take_arrivals();
    if (fds[1].revents != 0) return;
  }
}

void ProbeStream::take_arrivals() {
  const BootClock clock;
  while (true) {
    Datagram datagram{};
    sockaddr_in from{};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint32_t))> control{};
    iovec part{datagram.data(), datagram.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof(from);
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t bytes = recvmsg(receiver_, &header, 0);
    // An ICMP error that is waiting on the socket is told once; what waits behind it is read next.
    if (bytes < 0 && errno == ECONNREFUSED) continue;
    if (bytes < 0) return;
    const Instant now = clock.now();
    const auto number = number_of(datagram, options_.direction);
    if (!number || bytes != static_cast<ssize_t>(datagram.size())) {
      account_.corrupted();
      continue;
    }
    account_.arrived(*number, now);
    heard_(from);
    arrived_.fetch_add(1, std::memory_order_relaxed);
    const cmsghdr* overflow = CMSG_FIRSTHDR(&header);
    if (overflow == nullptr || overflow->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t dropped = 0;  // since the socket was made
    std::memcpy(&dropped, CMSG_DATA(overflow), sizeof(dropped));
    receiver_dropped_ = dropped;
  }
}

}  // namespace stillwater::rig
