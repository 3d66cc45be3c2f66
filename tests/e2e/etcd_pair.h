// A pair whose record is in a real etcd, on the machine where other pairs have their witness.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/pair_fixture.h"
#include "tests/rig/relay/relay.h"
#include "tests/rig/wire/wire_watch.h"

namespace stillwater::e2e {

// One thread. Members are numbered from 0; each keeps its data in a folder of its own.
class Etcd {
 public:
  // Starts nothing. What an earlier run left in `folder` is removed.
  Etcd(const rig::Space& space, std::string folder, std::size_t members);

  // Of members that do not run; each goes on with the data that it left.
  void start();
  // With SIGKILL, and waits for the end.
  void kill();
  void kill(std::size_t member);
  void send(int signal) const;
  // Of members that do not run.
  void lose_data() const;
  // The member that the others obey, once there is one.
  [[nodiscard]] std::size_t leader() const;

  // The configuration with `arbiter: etcd`, and all members as this node reaches them.
  [[nodiscard]] static Edit configured(std::size_t members);

 private:
  void start(std::size_t member);
  [[nodiscard]] std::string data(std::size_t member) const;
  [[nodiscard]] std::string log(std::size_t member) const;

  int space_fd_;
  std::string folder_;
  std::vector<std::optional<rig::Child>> members_;
};

struct EtcdPair : PairFixture {
  explicit EtcdPair(const std::string& test_name, std::size_t members = 1,
                    rig::Plan plan = network_of_a_pair());

  // As open_flows(), with new connections all the time, so that whoever leads answers; and watches who does
  // from now on.
  void open_watched_flows(std::uint32_t count);
  // Stops watching. Every frame was seen, and no two nodes answered at once.
  [[nodiscard]] rig::WireVerdict require_one_leader_at_a_time();

  Etcd etcd;

 private:
  std::unique_ptr<rig::WireWatch> watch_;
};

// The answers to each of the nodes' requests take `delay` longer.
class SlowArbiter {
 public:
  // The network in which that is possible.
  [[nodiscard]] static rig::Plan plan();
  SlowArbiter(const rig::Topology& network, Nanos delay);

 private:
  std::array<std::unique_ptr<rig::Relay>, 2> relays_;
};

[[nodiscard]] std::uint64_t term_of(const NodeUnderTest& node);
// This node asked the arbiter for another record, and cannot know whether it got it.
[[nodiscard]] bool waits_for_arbiter(const NodeUnderTest& node);

}  // namespace stillwater::e2e
