#include "tests/rig/load/replay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <net/if.h>
#include <net/if_arp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <poll.h>

#include "base/thread.h"
#include "tests/rig/load/pacing.h"
#include "tests/rig/load/sockets.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

// Below the probe's threads: it is the probe that measures the outage.
constexpr int kPriority = 10;

Status take(UniqueFd& fd, Result<UniqueFd> made) {
  if (!made) return tl::unexpected(made.error());
  fd = std::move(*made);
  return {};
}

Result<MacAddress> mac_of(const std::string& interface, const UniqueFd& any_socket) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(any_socket.get(), SIOCGIFHWADDR, &request) != 0) {
    return fail_errno("cannot read the MAC address of " + interface, errno);
  }
  MacAddress mac{};
  std::memcpy(mac.data(), request.ifr_hwaddr.sa_data, mac.size());
  return mac;
}

}  // namespace

Replay::Replay(ReplayFile file, const ReplayOptions& options) : file_(std::move(file)), options_(options) {
  for (const ReplayFrame& frame : file_.frames) known_.insert(frame.fingerprint);
}

Result<std::unique_ptr<Replay>> Replay::start(ReplayFile file, const ReplayOptions& options) {
  std::unique_ptr<Replay> replay(new Replay(std::move(file), options));
  if (Status opened = replay->open(); !opened) return tl::unexpected(opened.error());
  replay->receive_thread_ = std::thread([&it = *replay] { it.receive_loop(); });
  replay->send_thread_ = std::thread([&it = *replay] { it.send_loop(); });
  return replay;
}

Status Replay::open() {
  wake_receiver_.reset(eventfd(0, EFD_CLOEXEC));
  if (!wake_receiver_) return fail_errno("cannot make an eventfd", errno);
  return inside_space(options_.to.space_fd,
                      [this] { return take(receiver_, packet_socket({.interface = options_.to.interface})); })
      .and_then([this] {
        return inside_space(options_.from.space_fd, [this]() -> Status {
          if (Status made = take(sender_, sending_packet_socket(options_.from.interface)); !made) return made;
          if (Status made = take(resolver_, udp_socket()); !made) return made;
          const auto mac = mac_of(options_.from.interface, resolver_);
          if (!mac) return tl::unexpected(mac.error());
          own_mac_ = *mac;
          return {};
        });
      });
}

void Replay::stop_sending() {
  stop_sending_.store(true);
  if (send_thread_.joinable()) send_thread_.join();
}

void Replay::stop_receiving() {
  stop_sending();
  if (!receive_thread_.joinable()) return;
  eventfd_write(wake_receiver_.get(), 1);
  receive_thread_.join();
}

Nanos Replay::due(std::uint64_t number) const {
  const auto running = static_cast<std::int64_t>(number);
  if (options_.per_second > 0) return running * (Nanos{1s} / options_.per_second);
  const auto frames = static_cast<std::int64_t>(file_.frames.size());
  return running / frames * file_.period + file_.frames[static_cast<std::size_t>(running % frames)].offset;
}

void Replay::send_loop() {
  name_this_thread("replay-send");
  (void)make_this_thread_realtime(kPriority);
  const BootClock clock;
  const Instant begin = clock.now();
  const std::uint64_t frames = file_.frames.size();
  // A recording may pause for long: a stop is seen within this time.
  constexpr Nanos kNap = 50ms;
  for (std::uint64_t number = 0; options_.times == 0 || number < options_.times * frames; ++number) {
    const Instant at = begin + due(number);
    while (clock.now() < at && !stop_sending_.load(std::memory_order_relaxed)) {
      sleep_until(std::min(at, clock.now() + kNap));
    }
    if (stop_sending_.load(std::memory_order_relaxed)) return;
    const Instant now = clock.now();
    ReplayFrame& frame = file_.frames[number % frames];
    if (now - at > kLate || !send_one(frame)) {
      ++pace_missed_;
    } else {
      account_.sent(frame.fingerprint, now);
      sent_.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

std::optional<MacAddress> Replay::gateway_mac() const {
  arpreq request{};
  const sockaddr_in gateway = ipv4(options_.gateway, 0);
  std::memcpy(&request.arp_pa, &gateway, sizeof(gateway));
  options_.from.interface.copy(request.arp_dev, sizeof(request.arp_dev) - 1);
  if (ioctl(resolver_.get(), SIOCGARP, &request) != 0 || (request.arp_flags & ATF_COM) == 0) {
    return std::nullopt;
  }
  MacAddress mac{};
  std::memcpy(mac.data(), request.arp_ha.sa_data, mac.size());
  return mac;
}

bool Replay::send_one(ReplayFrame& frame) {
  const auto gateway = gateway_mac();
  if (!gateway) return false;
  std::memcpy(frame.bytes.data(), gateway->data(), gateway->size());
  std::memcpy(frame.bytes.data() + gateway->size(), own_mac_.data(), own_mac_.size());
  return send(sender_.get(), frame.bytes.data(), frame.bytes.size(), 0) ==
         static_cast<ssize_t>(frame.bytes.size());
}

void Replay::receive_loop() {
  name_this_thread("replay-receive");
  PacketBatch batch(kFrameBytesAtMost);
  while (true) {
    std::array<pollfd, 2> fds{pollfd{receiver_.get(), POLLIN, 0}, pollfd{wake_receiver_.get(), POLLIN, 0}};
    poll(fds.data(), fds.size(), -1);
    while (take_batch(batch)) {
    }
    if (fds[1].revents != 0) break;
  }
  if (const auto dropped = take_dropped(receiver_.get())) receiver_dropped_ = *dropped;
}

bool Replay::take_batch(PacketBatch& batch) {
  const auto count = batch.receive(receiver_.get());
  if (!count) return false;
  const Instant now = BootClock().now();
  for (std::size_t i = 0; i < *count; ++i) {
    const auto fingerprint = fingerprint_of(batch.take(i).bytes);
    if (!fingerprint || !known_.contains(*fingerprint)) continue;
    account_.arrived(*fingerprint, now);
    arrived_.fetch_add(1, std::memory_order_relaxed);
  }
  return *count == PacketBatch::kFrames;
}

}  // namespace stillwater::rig
