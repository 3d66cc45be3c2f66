#include "tests/bench/committed_firewall.h"

#include <poll.h>
#include <unistd.h>

#include "base/thread.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/established_tcp.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kSettle = 100ms;
constexpr Nanos kWindow = 1s;
constexpr Nanos kRegionNow = 1000s;
constexpr int kPriority = 20;  // as the daemon's replication thread
constexpr std::uint32_t kHeldByAll = 65'536;

std::uint16_t port_id(const std::string& name) {
  std::uint16_t id = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0) must(fail(Errc::io, name), "port");
  return id;
}

}  // namespace

StandbyProcess::StandbyProcess(const dataplane::Config& config)
    : layout_(std::make_unique<region::Layout>()) {
  dataplane::Dataplane::add_roots(*layout_, config);
  peer_ = std::make_unique<Peer>(over_tcp, Core::first, [this](Connection& connection) {
    must(make_this_thread_realtime(kPriority), "priority");
    return standby_of(*layout_, 1)(connection);
  });
}

dataplane::Config CommittedFirewall::config(dataplane::OutputCommit mode, unsigned first_port) {
  dataplane::Config config = firewall(kSessions + kSessions / 4);
  config.output_commit = mode;
  if (mode == dataplane::OutputCommit::all) config.hold_packets_max = kHeldByAll;
  for (unsigned i = 0; i < 2; ++i) config.ports[i].device = "net_null" + std::to_string(first_port + i);
  return config;
}

CommittedFirewall::CommittedFirewall(const dataplane::Config& config, StandbyProcess& standby)
    : config_(config), transport_(standby.connection()), connection_(standby.connection()) {
  region_ = must(region::Region::create(standby.layout()), "region");
  region_->set_identity({1}, 1);
  permit_.set_until(TransmitPermit::kForever);
  plane_ = must(dataplane::Dataplane::create(config_, *region_, epochs_, permit_, clock_), "dataplane");
  fill_established(*region_, kSessions, config_.rules.front().id, kRegionNow);
  plane_->continue_region_time(kRegionNow);
  inside_.attach(port_id(config_.ports[kInside].device));
  outside_.attach(port_id(config_.ports[kOutside].device));
  tracker_ = std::make_unique<trackers::BarrierTracker>(*region_, std::vector{&plane_->marks(0)});
  engine::Policy policy;
  policy.quiesce_timeout = 1s;  // a worker may lose its core for a while; that shows in the latencies
  engine_ = std::make_unique<engine::Engine>(
      engine::Engine::Parts{*region_, *tracker_, plane_->barrier(), epochs_, clock_,
                            must(engine::Staging::create(32u << 20), "staging")},
      policy);
  engine_->lead_from(0);
  must(plane_->start(), "start");
  shape_.established_per_s = 1;
  plane_->barrier().resume();
  must(engine_->first_sync(transport_, [](std::uint64_t) {}), "first sync");
  acknowledge();
  stand_still();
}

CommittedFirewall::~CommittedFirewall() { plane_->stop(); }

// Leaves the core to another firewall's worker.
void CommittedFirewall::stand_still() {
  must(plane_->barrier().quiesce(1s), "quiesce");
  plane_->stop();
}

WindowFigures CommittedFirewall::window(double established_per_s, double new_per_s, bool checkpoints) {
  shape_.established_per_s = established_per_s / 2;
  shape_.new_per_s = new_per_s;
  must(plane_->start(), "start");
  plane_->barrier().resume();
  drive(clock_.now() + kSettle, checkpoints, nullptr);
  must(plane_->barrier().quiesce(1s), "quiesce");
  latencies_ = {};
  latencies_.established_us.reserve(1u << 20);
  plane_->barrier().resume();
  WindowFigures figures;
  const std::uint64_t before = forwarded();
  const Instant begin = clock_.now();
  drive(begin + kWindow, checkpoints, &figures);
  figures.forwarded_mpps = static_cast<double>(forwarded() - before) / microseconds(clock_.now() - begin);
  stand_still();
  figures.latencies = std::move(latencies_);
  return figures;
}

// The daemon's replication thread, without heartbeats and roles.
void CommittedFirewall::drive(Instant until, bool checkpoints, WindowFigures* figures) {
  while (clock_.now() < until) {
    if (!checkpoints) {
      wait_for_event(until);
      continue;
    }
    const engine::Trigger why = engine_->due(clock_.now(), false);
    if (why == engine::Trigger::none) {
      must(engine_->ship_soft_if_due(transport_, clock_.now()), "soft lines");
      wait_for_event(std::min(engine_->ask_again_at(clock_.now()), until));
      continue;
    }
    must(engine_->checkpoint(transport_, why), "checkpoint");
    acknowledge();
    if (figures == nullptr) continue;
    const engine::Sample& last = engine_->last_sample();
    figures->blackout_us.push_back(microseconds(last.blackout));
    figures->commit_us.push_back(microseconds(last.commit));
    figures->lines.push_back(static_cast<double>(last.lines));
  }
}

void CommittedFirewall::wait_for_event(Instant at) const {
  const Nanos left = at - clock_.now();
  if (left <= 0ns) return;
  pollfd woken{epochs_.wake_fd(), POLLIN, 0};
  const timespec timeout{left / 1s, (left % 1s).count()};
  if (ppoll(&woken, 1, &timeout, nullptr) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = read(epochs_.wake_fd(), &count, sizeof(count));
}

void CommittedFirewall::acknowledge() {
  std::byte bytes[sizeof(wire::FrameHeader) + sizeof(wire::Ack)];
  receive_all_or_exit(connection_, bytes);
  const auto frame = must(wire::parse(bytes), "answer");
  if (!frame) must(fail(Errc::protocol, "not an acknowledgement"), "answer");
  must(engine_->acknowledged(must(wire::body_of<wire::Ack>(*frame), "answer")), "acknowledgement");
}

std::uint64_t CommittedFirewall::forwarded() const {
  std::uint64_t sum = 0;
  for (const dataplane::PortStats& port : plane_->port_stats()) sum += port.tx_packets;
  return sum;
}

}  // namespace stillwater::bench
