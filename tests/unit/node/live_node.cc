#include "tests/unit/node/live_node.h"

#include <utility>

#include <unistd.h>

namespace stillwater::appliance::test {
namespace {

constexpr const char* kBallast = "ballast";

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

Endpoint at(unsigned last) {
  const auto pid = static_cast<unsigned>(getpid());
  return {"127." + std::to_string(1 + pid % 200) + "." + std::to_string(pid / 200 % 250) + "." +
              std::to_string(last),
          7700};
}

}  // namespace

ReplicationConfig replication_of(Who who) {
  const Endpoint a = at(1), b = at(2);
  ReplicationConfig config;
  config.enabled = true;
  config.paths = {who == Who::fw_a ? PathConfig{a, b} : PathConfig{b, a}};
  config.peer_name = who == Who::fw_a ? "fw-b" : "fw-a";
  config.tls = Tls::none;
  config.failure_timeout = 2s;
  config.lease = 1900ms;
  return config;
}

LiveNode::LiveNode(Who who, std::uint64_t ballast_bytes) : inside_(buffers_), outside_(buffers_) {
  config_.profile.name = who == Who::fw_a ? "fw-a" : "fw-b";
  config_.profile.role = who == Who::fw_a ? InitialRole::active : InitialRole::standby;
  config_.dataplane = dataplane::firewall_config(inside_.device(), outside_.device());
  config_.replication = replication_of(who);
  config_.checkpoint.quiesce_timeout = 1s;
  config_.checkpoint.tracker = "barrier";
  region::Layout layout;
  dataplane::Dataplane::add_roots(layout, config_.dataplane);
  if (ballast_bytes > 0) layout.add(kBallast, region::StateClass::hard, ballast_bytes, 0);
  region_ = must(region::Region::create(layout));
  dataplane_ = must(dataplane::Dataplane::create(config_.dataplane, *region_, epochs_, permit_, clock_));
  running_ = std::make_unique<RunningConfig>(config_.dataplane, *dataplane_, epochs_);
  node_ = must(Node::create({config_, *region_, *dataplane_, *running_, epochs_, permit_, clock_}));
}

void LiveNode::start() {
  const Status started = dataplane_->start();
  if (!started) FAIL(started.error().message);
  node_->start();
}

void LiveNode::stop() {
  node_->stop();
  dataplane_->stop();
}

std::span<std::byte> LiveNode::ballast() const {
  const region::Root root = region_->root(kBallast);
  return {root.data, root.bytes};
}

void LiveNode::greet() {
  using namespace dataplane;
  inside_.put(arp_request(kHostMac, kHost, kIn));
  outside_.put(arp_request(kServerMac, kServer, kOut));
  Bytes answer;
  REQUIRE(eventually([&] { return inside_.take(answer); }));
  REQUIRE(eventually([&] { return outside_.take(answer); }));
}

void LiveNode::query(std::uint16_t port) {
  using namespace dataplane;
  inside_.put(udp_frame(kHostMac, kInMac, {kHost, kServer, port, 53}));
}

std::uint16_t LiveNode::forwarded() {
  dataplane::Bytes frame;
  const bool came = dataplane::eventually([&] { return outside_.take(frame) && dataplane::is_udp(frame); });
  return came ? dataplane::flow_of(frame).source_port : 0;
}

}  // namespace stillwater::appliance::test
