#include "tests/bench/checkpointed_plane.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

#include <sys/socket.h>

#include <rte_ethdev.h>

#include "standby/receiver.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/report.h"

namespace stillwater::bench {

// A standby on a thread of its own: reads a socket, swaps, acknowledges.
class LiveStandby {
 public:
  LiveStandby(const region::Layout& layout, int fd)
      : region_(std::move(*region::Region::create(layout))),
        buffer_(std::move(*standby::ReservedBuffer::create(64u << 20))),
        fd_(fd),
        thread_([this] { run(); }) {}
  ~LiveStandby() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
  }

 private:
  void run() {
    standby::Receiver receiver(*region_, buffer_, {});
    receiver.connected();
    for (;;) {
      const std::span<std::byte> space = receiver.space();
      const ssize_t n = recv(fd_, space.data(), space.size(), 0);
      if (n <= 0) return;
      if (Status done = receiver.received(static_cast<std::size_t>(n)); !done) {
        std::fprintf(stderr, "standby: %s\n", done.error().message.c_str());
        return;
      }
      if (const auto output = receiver.take_output(); !output.empty())
        send(fd_, output.data(), output.size(), 0);
    }
  }

  std::unique_ptr<region::Region> region_;
  standby::ReservedBuffer buffer_;
  int fd_;
  std::thread thread_;
};

class SocketTransport final : public wire::Transport {
 public:
  explicit SocketTransport(int fd) : fd_(fd) {}
  Status send(wire::Bytes frame) override {
    while (!frame.empty()) {
      const ssize_t n = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
      if (n <= 0) return fail_errno("standby lost", errno);
      frame = frame.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  // Blocks until the acknowledgement of one epoch is there.
  Result<wire::Ack> receive_ack() {
    std::byte bytes[sizeof(wire::FrameHeader) + sizeof(wire::Ack)];
    if (recv(fd_, bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes))
      return fail_errno("standby lost", errno);
    const auto frame = wire::parse(bytes);
    if (!frame || !frame->has_value()) return fail(Errc::protocol, "not an acknowledgement");
    return wire::body_of<wire::Ack>(**frame);
  }

 private:
  int fd_;
};

CheckpointedPlane::CheckpointedPlane(const dataplane::Config& config,
                                     const std::function<void(CheckpointedPlane&)>& prepare)
    : config_(config) {
  dataplane::Dataplane::add_roots(layout_, config_);
  region_ = std::move(*region::Region::create(layout_));
  region::RegionId id{};
  id[0] = 1;
  region_->set_identity(id, 1);
  permit_.set_until(TransmitPermit::kForever);
  plane_ = must(dataplane::Dataplane::create(config_, *region_, epochs_, permit_, clock_), "dataplane");
  prepare(*this);
  must(plane_->start(), "start");
  tracker_ = std::make_unique<trackers::BarrierTracker>(*region_, std::vector{&plane_->marks(0)});
  engine::Policy policy;
  policy.quiesce_timeout = 1s;  // a worker may lose its core for a while; that shows in the pauses
  engine_ = std::make_unique<engine::Engine>(
      engine::Engine::Parts{*region_, *tracker_, plane_->barrier(), epochs_, clock_,
                            std::move(*engine::Staging::create(32u << 20))},
      policy);
  engine_->lead_from(0);
  plane_->barrier().resume();
}

CheckpointedPlane::~CheckpointedPlane() { plane_->stop(); }

double CheckpointedPlane::forwarded_mpps(const std::function<void(Instant until)>& beside) {
  const std::uint64_t before = frames_sent();
  const Instant begin = clock_.now();
  beside(begin + kWindow);
  const double seconds = std::chrono::duration<double>(clock_.now() - begin).count();
  return static_cast<double>(frames_sent() - before) / seconds / 1e6;
}

std::uint64_t CheckpointedPlane::frames_sent() const {
  std::uint64_t sum = 0;
  for (const dataplane::PortStats& port : plane_->port_stats()) sum += port.tx_packets;
  return sum;
}

void CheckpointedPlane::wait(Instant until) const { std::this_thread::sleep_for(until - clock_.now()); }

void CheckpointedPlane::rest() {
  must(plane_->barrier().quiesce(5s), "rest");
  plane_->stop();
}

void CheckpointedPlane::wake() {
  must(plane_->start(), "wake");
  plane_->barrier().resume();
}

void CheckpointedPlane::connect_standby() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) std::exit(1);
  here_ = UniqueFd(fds[0]);
  there_ = UniqueFd(fds[1]);
  standby_ = std::make_unique<LiveStandby>(layout_, there_.get());
  SocketTransport transport(here_.get());
  must(engine_->first_sync(transport, [](std::uint64_t) {}), "first sync");
  must(acknowledge(transport), "first acknowledgement");
}

void CheckpointedPlane::checkpoint(Instant until, Pauses& pauses, Which which) {
  SocketTransport transport(here_.get());
  std::uint32_t soft_before = plane_->marks(0).soft->count();
  for (Instant next = clock_.now(); clock_.now() < until;) {
    next += 1ms;
    plane_->reset_largest_receive_gap();
    if (which == Which::each || engine_->due(clock_.now(), false) != engine::Trigger::none) {
      const std::uint32_t soft = plane_->marks(0).soft->count();  // begins anew where they are shipped
      pauses.soft_lines.push_back(soft >= soft_before ? soft - soft_before : soft);
      soft_before = soft;
      ++pauses.checkpoints;
      must(engine_->checkpoint(transport), "checkpoint");
      must(acknowledge(transport), "acknowledgement");
      const engine::Sample& last = engine_->last_sample();
      if (which == Which::each || last.lines > 0) {
        pauses.blackout_us.push_back(microseconds(last.blackout));
        pauses.parts.add(last.pause);
        pauses.receive_gap_us.push_back(microseconds(plane_->largest_receive_gap()));
        pauses.lines.push_back(static_cast<double>(last.lines));
      }
    }
    must(engine_->ship_soft_if_due(transport, clock_.now()), "soft lines");
    if (const Nanos left = next - clock_.now(); left > 0ns) std::this_thread::sleep_for(left);
  }
}

Status CheckpointedPlane::acknowledge(SocketTransport& transport) {
  return transport.receive_ack().and_then([&](const wire::Ack& ack) { return engine_->acknowledged(ack); });
}

std::uint16_t port_called(const std::string& name) {
  std::uint16_t id = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0)
    must(fail(Errc::io, "there is no such port"), name.c_str());
  return id;
}

}  // namespace stillwater::bench
