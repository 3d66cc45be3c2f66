// Two nodes' threads for real: replication and heartbeats over loopback, a worker, and others that look and
// ask.
#include <atomic>
#include <optional>
#include <thread>

#include "tests/unit/node/live_node.h"

namespace stillwater::appliance::test {
namespace {

using dataplane::eventually;
using standby::Role;

// What the management plane's threads do, until destroyed.
class Onlookers {
 public:
  explicit Onlookers(Node& node)
      : views_([&node, this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            looked_ += node.view().term > 0 ? 1 : 0;
            looked_ += node.checkpoints().checkpoints > 0 ? 1 : 0;
          }
        }),
        asks_([&node, this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            auto policy = node.policy();
            policy.interval = policy.interval == Nanos(1ms) ? Nanos(2ms) : Nanos(1ms);
            if (node.request_policy(policy).wait_for(20s) != std::future_status::ready) return;
            if (node.request_checkpoint().wait_for(20s) != std::future_status::ready) return;
            ++answered_;
          }
        }) {}
  [[nodiscard]] unsigned looked() const { return looked_; }
  [[nodiscard]] unsigned answered() const { return answered_; }

 private:
  std::atomic<unsigned> looked_{0}, answered_{0};
  std::jthread views_, asks_;
};

}  // namespace

TEST_CASE(
    "a pair commits under its onlookers' eyes, loses its standby, and is whole again with another one") {
  LiveNode a(Who::fw_a);
  a.start();
  REQUIRE(eventually([&] { return a.role() == Role::standalone; }));
  const Onlookers onlookers(a.node());
  a.greet();
  std::uint16_t port = 4000;
  for (unsigned standby = 1; standby <= 2; ++standby) {
    LiveNode b(Who::fw_b);
    b.start_as_follower();
    std::optional<Onlookers> on_b(std::in_place, b.node());
    REQUIRE(eventually([&] { return a.role() == Role::active && b.role() == Role::standby; }));
    const std::uint64_t followed = b.view().epochs_followed;
    for (const std::uint16_t end = port + 40; port < end; ++port) {
      a.query(port);
      CHECK(a.forwarded() == port);  // after the commit that it waited for
    }
    CHECK(eventually([&] { return b.view().epochs_followed >= followed + 20; }));
    const unsigned answered = onlookers.answered();
    CHECK(eventually([&] { return onlookers.answered() > answered && on_b->looked() > 0; }));
    on_b.reset();  // a node that has stopped answers nobody
    b.stop();
    REQUIRE(eventually([&] { return a.view().standbys_lost == standby; }));
    CHECK(a.role() == Role::standalone);
    a.query(port);
    CHECK(a.forwarded() == port++);
  }
  CHECK(onlookers.looked() > 0);
}

}  // namespace stillwater::appliance::test
