#include "tests/rig/load/probe.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <poll.h>

#include "base/thread.h"
#include "tests/rig/load/sockets.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

// As large as a small call's voice packet, so that the path is not measured with empty frames.
constexpr std::size_t kDatagramBytes = 64;
constexpr int kReceiveBufferBytes = 8 << 20;
constexpr int kPriority = 20;

void sleep_until(Instant deadline) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(deadline);
  const timespec until{seconds.count(), (deadline - seconds).count()};
  while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

std::size_t probes_within(const ProbeOptions& options) {
  const double seconds = std::chrono::duration<double>(options.at_most).count();
  return static_cast<std::size_t>(seconds * options.per_second) + 1;
}

}  // namespace

Probe::Probe(const ProbeOptions& options) : options_(options), account_(probes_within(options)) {}

Result<std::unique_ptr<Probe>> Probe::start(const ProbeOptions& options) {
  std::unique_ptr<Probe> probe(new Probe(options));
  if (Status opened = probe->open_sockets(); !opened) return tl::unexpected(opened.error());
  Probe* self = probe.get();
  probe->receive_thread_ = std::thread([self] { self->receive_loop(); });
  probe->send_thread_ = std::thread([self] { self->send_loop(); });
  return probe;
}

Probe::~Probe() { stop_receiving(); }

Status Probe::open_sockets() {
  wake_receiver_.reset(eventfd(0, EFD_CLOEXEC));
  if (!wake_receiver_) return fail_errno("cannot make an eventfd", errno);
  const Status receiver = inside_space(options_.server_space_fd, [this]() -> Status {
    auto fd = bound_udp_socket(options_.port);
    if (!fd) return tl::unexpected(fd.error());
    const int on = 1;
    setsockopt(fd->get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    if (setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof(int)) != 0) {
      return fail_errno("cannot enlarge the probe's receive buffer", errno);
    }
    receiver_ = std::move(*fd);
    return {};
  });
  if (!receiver) return receiver;
  return inside_space(options_.client_space_fd, [this]() -> Status {
    auto fd = udp_socket();
    if (!fd) return tl::unexpected(fd.error());
    sender_ = std::move(*fd);
    return {};
  });
}

void Probe::stop_sending() {
  stop_sending_.store(true);
  if (send_thread_.joinable()) send_thread_.join();
}

void Probe::stop_receiving() {
  stop_sending();
  if (!receive_thread_.joinable()) return;
  eventfd_write(wake_receiver_.get(), 1);
  receive_thread_.join();
}

void Probe::send_loop() {
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
    const std::uint64_t number = sent_.load(std::memory_order_relaxed);
    if (!send_one(static_cast<std::uint32_t>(number))) {
      ++pace_missed_;
      continue;
    }
    account_.sent(now);
    sent_.store(number + 1, std::memory_order_relaxed);
  }
}

bool Probe::send_one(std::uint32_t number) {
  std::array<std::byte, kDatagramBytes> datagram{};
  std::memcpy(datagram.data(), &number, sizeof(number));
  sockaddr_in to = ipv4(options_.server_address, options_.port);
  return sendto(sender_.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&to),
                sizeof(to)) == static_cast<ssize_t>(datagram.size());
}

void Probe::receive_loop() {
  name_this_thread("probe-receive");
  // A late receiver loses nothing, its buffer holds seconds; only the delays would be coarser.
  (void)make_this_thread_realtime(kPriority - 1);
  while (true) {
    std::array<pollfd, 2> fds{pollfd{receiver_.get(), POLLIN, 0}, pollfd{wake_receiver_.get(), POLLIN, 0}};
    poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) take_arrivals();
    if (fds[1].revents != 0) return;
  }
}

void Probe::take_arrivals() {
  const BootClock clock;
  while (true) {
    std::array<std::byte, kDatagramBytes> datagram{};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint32_t))> control{};
    iovec part{datagram.data(), datagram.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (recvmsg(receiver_.get(), &header, 0) != static_cast<ssize_t>(datagram.size())) return;
    const Instant now = clock.now();
    std::uint32_t number = 0;
    std::memcpy(&number, datagram.data(), sizeof(number));
    account_.arrived(number, now);
    arrived_.fetch_add(1, std::memory_order_relaxed);
    const cmsghdr* overflow = CMSG_FIRSTHDR(&header);
    if (overflow == nullptr || overflow->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t dropped = 0;  // since the socket was made
    std::memcpy(&dropped, CMSG_DATA(overflow), sizeof(dropped));
    receiver_dropped_ = dropped;
  }
}

}  // namespace stillwater::rig
