// A pair in its network, in sync, with TCP connections through it.
#pragma once

#include "tests/e2e/node_under_test.h"
#include "tests/rig/load/tcp_load.h"
#include "tests/rig/systems/pair_network.h"

namespace stillwater::e2e {

// Whether this kernel has the tracker that verification mode needs; warns why not.
[[nodiscard]] bool can_verify();

// `text` with `from`, which must be in it, replaced once.
[[nodiscard]] std::string replaced(std::string text, const std::string& from, const std::string& to);

using Edit = std::function<std::string(std::string)>;

// The configuration with the second cable of the pair's network.
[[nodiscard]] std::string with_second_path(std::string text);
// The configuration with `section`, which names another arbiter, in place of the witness's.
[[nodiscard]] std::string with_arbiter(std::string text, const std::string& section);
// The configuration with `arbiter: none`, and this `prefer`.
[[nodiscard]] std::string without_arbiter(std::string text, const std::string& prefer);

// Adds a section `tracking` with these keys.
[[nodiscard]] Edit with_tracking(const std::string& keys);
// Of the daemon's ports, with a witness.
[[nodiscard]] rig::Plan network_of_a_pair();

// Needs root; the namespaces go with it.
struct PairFixture {
  explicit PairFixture(const std::string& test_name, const Edit& edit_b = {}, const Edit& edit_a = {},
                       const rig::Plan& plan = network_of_a_pair());
  // Checks that verification mode, in which the nodes run where the kernel can, found no fault.
  ~PairFixture();

  // Starts witness and nodes and waits until fw-a leads and fw-b is its standby.
  void start_in_sync();
  // The record outlives a witness that is killed.
  void start_witness();
  void kill_witness();
  // The link between the nodes, "up" or "down".
  void set_replication_cable(const std::string& state, const std::string& cable = "repl0");
  // Opens `flows` connections through the pair and waits until each carried a verified message both ways.
  void open_flows(std::uint32_t flows, std::uint32_t new_per_second = 0);
  // Every flow carries fresh bytes both ways, written after this call, within 20 s; none broke.
  void require_flows_survive();

  rig::Topology network;
  Places where;
  std::optional<rig::Child> witness;
  NodeUnderTest a;
  NodeUnderTest b;
  std::unique_ptr<rig::TcpLoad> load;
  std::uint32_t flows = 0;
};

}  // namespace stillwater::e2e
