// The composition: every folder's piece, put together into one running node.
#pragma once

#include <memory>
#include <optional>

#include "appliance/config/config.h"
#include "appliance/control.h"
#include "appliance/fence/ebpf_fence.h"
#include "appliance/nat_watch.h"
#include "appliance/next_hop_watch.h"
#include "appliance/node/node.h"
#include "appliance/plane_records.h"
#include "mgmt/server.h"

namespace stillwater::appliance {

// Starts and stops in order; the main thread owns it.
class Appliance {
 public:
  // Opens ports and sockets, then starts workers, the replication thread and the management server. One a
  // process, since DPDK's environment is. On an error everything that was started is stopped.
  [[nodiscard]] static Result<std::unique_ptr<Appliance>> start(const Config& config);
  ~Appliance() { stop(); }

  // An active hands over to its standby, then everything ends. Bounded to some seconds. Twice does nothing.
  void stop();
  [[nodiscard]] bool failed() const { return node_->failed(); }
  // Grows while the node's thread goes on: what a watchdog looks at. Workers have one of their own
  // (`tracking.worker_timeout`).
  [[nodiscard]] std::uint64_t pulse() const { return node_->published(); }

 private:
  explicit Appliance(const Config& config) : config_(config) {}
  [[nodiscard]] Status open();
  [[nodiscard]] Status open_fence();
  [[nodiscard]] Status put_fence();
  void make_syslog();

  Config config_;
  BootClock clock_;
  CommittedEpoch epochs_;
  std::unique_ptr<EbpfFence> fence_;      // none with `fence: none`
  std::optional<TransmitPermit> permit_;  // lies in the fence, where there is one
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<dataplane::Dataplane> dataplane_;
  std::unique_ptr<RunningConfig> running_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<NextHopWatch> next_hops_;  // of a router
  std::unique_ptr<NatWatch> nat_watch_;      // of a firewall with source NAT
  std::unique_ptr<PlaneRecords> records_;    // with collectors of logs
  std::unique_ptr<syslog::Sender> syslog_;   // likewise
  std::unique_ptr<NodeControl> control_;
  std::unique_ptr<mgmt::Server> server_;
};

}  // namespace stillwater::appliance
