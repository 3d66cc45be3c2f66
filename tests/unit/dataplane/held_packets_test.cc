// What becomes of packets that are held on purpose: at a checkpoint, when the node loses its role, and after
// its death. The table in ARCHITECTURE.md ("What is held on purpose is declared"), row by row.
#include <cstring>

#include "tests/unit/dataplane/firewall.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

const UdpFlow kQuerySent{kOut, kServer, 4000, 53};

// A node and the region that its standby has: what was there at the last commit.
struct Plane : Firewall {
  // As the engine does it: everybody stands still, the region is copied, the workers go on.
  void checkpoint() {
    settle();
    at_commit.assign(region->base() + region::kDataOffset, region->base() + region->size());
    dataplane->barrier().resume();
  }
  // Dies, and `other` goes on with what was committed. Nothing else of this node reaches it.
  void die_and_hand_to(Plane& other) {
    dataplane->stop();
    std::memcpy(other.region->base() + region::kDataOffset, at_commit.data(), at_commit.size());
    other.config.output_commit = config.output_commit;
    other.start(other.clock);
    other.dataplane->on_activate();
    other.dataplane->barrier().resume();
    other.next_turns();
  }
  [[nodiscard]] std::uint64_t dropped(const char* reason) {
    clock.advance(150ms);  // counters reach the region now and then
    next_turns();
    return dataplane->drops()[reason];
  }
  [[nodiscard]] unsigned udp_sent() {
    unsigned count = 0;
    for (Bytes frame; outside.take(frame);) count += is_udp(frame) ? 1 : 0;
    return count;
  }

  std::vector<std::byte> at_commit;
};

// Holds a session's first packet until epoch 1 is committed, which it is not.
struct WaitsForCommit : Plane {
  WaitsForCommit() {
    start_and_resume();
    greet();
    checkpoint();
    epochs.set_committed(0);
    query();
    REQUIRE(eventually([&] { return dataplane->held_packets() == 1; }));
  }
};

// Holds a packet whose next hop it has asked for.
struct WaitsForNeighbour : Plane {
  WaitsForNeighbour() {
    config.output_commit = OutputCommit::none;
    start_and_resume();
    inside.put(arp_request(kHostMac, kHost, kIn));
    Bytes frame;
    REQUIRE(eventually([&] { return inside.take(frame); }));
    query();
    REQUIRE(eventually([&] { return outside.take(frame); }));
    REQUIRE_FALSE(is_udp(frame));
    REQUIRE(eventually([&] { return dataplane->held_packets() == 1; }));
  }
  void server_answers() { outside.put(arp_request(kServerMac, kServer, kOut)); }
};

}  // namespace

TEST_CASE("Q4 Q5: a checkpoint leaves what waits for a commit where it is, and its commit sets it free") {
  WaitsForCommit node;
  node.checkpoint();
  CHECK(node.dataplane->barrier().held() == 1);
  CHECK(node.udp_sent() == 0);
  node.epochs.set_current(2);
  node.epochs.set_committed(1);
  CHECK(node.sent_by(node.outside) == kQuerySent);
}

TEST_CASE("Q4 Q5: a checkpoint leaves what waits for a neighbour where it is, and its answer sets it free") {
  WaitsForNeighbour node;
  node.checkpoint();
  CHECK(node.dataplane->barrier().held() == 1);
  CHECK(node.udp_sent() == 0);
  node.server_answers();
  CHECK(node.sent_by(node.outside) == kQuerySent);
}

TEST_CASE("a node that loses its role frees what it held, counts it, and never sends it") {
  const auto check = [](Plane& node) {
    node.settle();
    REQUIRE(node.dataplane->drop_held() == 1);
    node.epochs.set_committed(9);
    node.dataplane->barrier().resume();
    node.outside.put(arp_request(kServerMac, kServer, kOut));
    node.next_turns();
    CHECK(node.dropped("held_discarded") == 1);
    CHECK(node.dataplane->held_packets() == 0);
    CHECK(node.udp_sent() == 0);
  };
  SECTION("waits for a commit") {
    WaitsForCommit node;
    check(node);
  }
  SECTION("waits for a neighbour") {
    WaitsForNeighbour node;
    check(node);
  }
}

TEST_CASE("Q7: what waited for a commit dies with its node and its session, and a repeat opens it anew") {
  WaitsForCommit node;
  Plane successor;
  node.die_and_hand_to(successor);
  CHECK(node.udp_sent() == 0);
  CHECK(successor.udp_sent() == 0);
  CHECK(successor.dataplane->held_packets() == 0);
  CHECK(successor.dataplane->sessions_in_use() == 0);
  successor.reply();  // nobody was told of the session, so nobody can know of it
  REQUIRE(eventually([&] { return successor.outside.waiting() == 0; }));
  CHECK(successor.dropped("not_served") == 1);
  successor.query();
  CHECK(successor.sent_by(successor.outside) == kQuerySent);
}

TEST_CASE("Q7: what waited for a neighbour dies with its node; its session lives, and the successor asks") {
  WaitsForNeighbour node;
  node.checkpoint();
  Plane successor;
  node.die_and_hand_to(successor);
  CHECK(node.udp_sent() == 0);
  CHECK(successor.dataplane->held_packets() == 0);
  CHECK(successor.dataplane->sessions_in_use() == 1);
  CHECK(successor.outside.sent() == 0);
  successor.query();
  Bytes frame;
  REQUIRE(eventually([&] { return successor.outside.take(frame); }));
  CHECK_FALSE(is_udp(frame));  // its own question
  CHECK(successor.dataplane->sessions_in_use() == 1);
  successor.outside.put(arp_request(kServerMac, kServer, kOut));
  CHECK(successor.sent_by(successor.outside) == kQuerySent);
  successor.next_turns();
  CHECK(successor.udp_sent() == 0);
}

TEST_CASE("a fragment is dropped by name at once: it is never held, and a checkpoint finds none") {
  Plane node;
  node.start_and_resume();
  node.greet();
  node.inside.put(first_fragment(udp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 53})));
  node.checkpoint();
  CHECK(node.dataplane->barrier().held() == 0);
  CHECK(node.buffers.in_use() == 0);
  CHECK(node.dropped("fragment") == 1);
}
