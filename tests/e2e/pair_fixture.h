// A pair in its network, in sync, with TCP connections through it.
#pragma once

#include "tests/e2e/node_under_test.h"
#include "tests/rig/load/tcp_load.h"
#include "tests/rig/systems/pair_network.h"

namespace stillwater::e2e {

// Needs root; the namespaces go with it.
struct PairFixture {
  explicit PairFixture(const std::string& test_name,
                       const std::function<std::string(std::string)>& edit_b = {},
                       const std::function<std::string(std::string)>& edit_a = {});

  // Starts both nodes and waits until fw-a leads and fw-b is its standby.
  void start_in_sync();
  // The link between the nodes, "up" or "down".
  void set_replication_cable(const std::string& state);
  // Opens `flows` connections through the pair and waits until each carried a verified message both ways.
  void open_flows(std::uint32_t flows, std::uint32_t new_per_second = 0);
  // Every flow carries fresh bytes both ways, written after this call, within 20 s; none broke.
  void require_flows_survive();

  rig::Topology network;
  Places where;
  NodeUnderTest a;
  NodeUnderTest b;
  std::unique_ptr<rig::TcpLoad> load;
  std::uint32_t flows = 0;
};

}  // namespace stillwater::e2e
