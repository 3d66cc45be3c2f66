#include "tests/rig/wire/wire_watch.h"

#include <algorithm>
#include <cerrno>

#include <sys/eventfd.h>

#include <fmt/format.h>
#include <poll.h>

#include "base/thread.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

// A frame is in its socket this long after its stamp at the latest, unless the machine stands still.
constexpr Nanos kQueuedWithin = 200ms;

}  // namespace

std::vector<WatchedPort> watched_ports(const Plan& plan, const std::string& space,
                                       const std::vector<std::string>& nodes) {
  std::vector<WatchedPort> found;
  const auto look_at = [&](const LinkEnd& here, const LinkEnd& far) {
    if (here.space != space || here.bridge.empty()) return;
    const bool node = std::count(nodes.begin(), nodes.end(), far.space) > 0;
    found.push_back({here.name, here.bridge, node ? far.space : ""});
  };
  for (const Link& link : plan.links) {
    look_at(link.a, link.b);
    look_at(link.b, link.a);
  }
  return found;
}

WireWatch::WireWatch(const WireWatchOptions& options) : check_(options.subject), batch_(options.snap_bytes) {}

Result<std::unique_ptr<WireWatch>> WireWatch::start(const WireWatchOptions& options) {
  std::unique_ptr<WireWatch> watch(new WireWatch(options));
  const Status opened = inside_space(options.space_fd, [&] { return watch->open(options); });
  if (!opened) return tl::unexpected(opened.error());
  WireWatch* self = watch.get();
  watch->thread_ = std::thread([self] { self->run(); });
  return watch;
}

Status WireWatch::open(const WireWatchOptions& options) {
  wake_.reset(eventfd(0, EFD_CLOEXEC));
  if (!wake_) return fail_errno("cannot make an eventfd", errno);
  for (const WatchedPort& port : options.subject.ports) {
    auto fd = packet_socket({port.name, options.receive_buffer_bytes, options.snap_bytes});
    if (!fd) return tl::unexpected(fd.error());
    names_.push_back(port.name);
    ports_.push_back({std::move(*fd), std::nullopt});
    if (options.pcap_folder.empty()) continue;
    auto file = PcapFile::create(fmt::format("{}/wire-{}.pcap", options.pcap_folder, port.name),
                                 options.snap_bytes + PacketBatch::kTagBytes);
    if (!file) return tl::unexpected(file.error());
    ports_.back().pcap.emplace(std::move(*file));
  }
  return {};
}

WireWatch::~WireWatch() {
  if (thread_.joinable()) (void)stop();
}

WireVerdict WireWatch::stop() {
  eventfd_write(wake_.get(), 1);
  thread_.join();
  look();
  if (stamps_.restamped() > 0) {
    check_.incomplete(fmt::format("{} frames had no usable time", stamps_.restamped()));
  }
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (!ports_[i].pcap) continue;
    if (const Status written = ports_[i].pcap->close(); !written) check_.incomplete(written.error().message);
  }
  return check_.finish();
}

void WireWatch::run() {
  name_this_thread("rig-wire");
  const int every_ms = static_cast<int>(kLook / 1ms);
  pollfd wake{wake_.get(), POLLIN, 0};
  while (poll(&wake, 1, every_ms) <= 0) look();
}

void WireWatch::look() {
  const Instant begin = BootClock().now();
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].failed) continue;
    if (const Status drained = drain(i); !drained) {
      ports_[i].failed = true;
      check_.incomplete(fmt::format("port {}: {}", names_[i], drained.error().message));
    }
  }
  check_.settle(begin - kQueuedWithin);
}

Status WireWatch::drain(std::size_t port) {
  const int fd = ports_[port].fd.get();
  for (std::size_t count = PacketBatch::kFrames; count == PacketBatch::kFrames;) {
    const auto received = batch_.receive(fd);
    if (!received) return tl::unexpected(received.error());
    count = *received;
    stamps_.sample();
    for (std::size_t i = 0; i < count; ++i) {
      const ReceivedFrame frame = batch_.take(i);
      const Instant at = stamps_.instant_of(frame);
      check_.feed(at, port, frame.bytes);
      if (ports_[port].pcap) ports_[port].pcap->add(frame);
    }
  }
  const auto dropped = take_dropped(fd);
  if (!dropped) return tl::unexpected(dropped.error());
  check_.dropped(port, *dropped);
  return {};
}

}  // namespace stillwater::rig
