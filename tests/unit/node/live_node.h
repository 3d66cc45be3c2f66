// A node as the daemon composes it, but for the management server: region, dataplane between two ring ports,
// replication thread, heartbeats over loopback. Two of them in one process are a pair.
#pragma once

#include "appliance/control.h"
#include "appliance/node/node.h"
#include "tests/unit/dataplane/firewall.h"

namespace stillwater::appliance::test {

enum class Who : std::uint8_t { fw_a, fw_b };  // fw-a leads first

// Each of the two at an address of its own, of this process alone. Time-outs are long: what a test finds must
// not hang on how long a thread is stalled.
[[nodiscard]] ReplicationConfig replication_of(Who who);

class LiveNode {
 public:
  // `ballast_bytes` of hard memory more than the dataplane has.
  explicit LiveNode(Who who, std::uint64_t ballast_bytes = 0);
  ~LiveNode() { stop(); }
  LiveNode(const LiveNode&) = delete;
  LiveNode& operator=(const LiveNode&) = delete;

  void start();
  // Without its worker, for which the tests' DPDK has one core only: a node that never leads needs none.
  void start_as_follower() { node_->start(); }
  void stop();

  [[nodiscard]] Node& node() { return *node_; }
  // As the management server has it.
  [[nodiscard]] NodeControl control() {
    return NodeControl(config_, *region_, *dataplane_, *running_, *node_, nullptr, nullptr, nullptr, clock_);
  }
  [[nodiscard]] NodeView view() const { return node_->view(); }
  [[nodiscard]] standby::Role role() const { return view().role; }
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const region::RegionHeader& header() const { return region_->header(); }
  // Nobody else's but the replication thread's, while it mirrors.
  [[nodiscard]] std::span<std::byte> ballast() const;

  // Host and server, on the ring ports, are known.
  void greet();
  // A new session's first packet.
  void query(std::uint16_t port);
  // The source port of the next packet that left; 0: none within the patience of tests.
  [[nodiscard]] std::uint16_t forwarded();

 private:
  dataplane::TestBuffers buffers_;
  dataplane::RingPort inside_, outside_;
  Config config_;
  BootClock clock_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<dataplane::Dataplane> dataplane_;
  std::unique_ptr<RunningConfig> running_;
  std::unique_ptr<Node> node_;
};

}  // namespace stillwater::appliance::test
