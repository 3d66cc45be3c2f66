// The load of sessions that begin and end: who may send what when, and what it says of a firewall that loses,
// leaks or forgets to translate.
#include "tests/bench/refused_connections.h"

#include <utility>
#include <vector>

#include <arpa/inet.h>

#include <catch2/catch.hpp>

#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"
#include "tests/bench/random.h"
#include "tests/unit/bench/frame_buffer.h"

namespace stillwater::bench {
namespace {

using test::FrameBuffer;

// Translates ports as it likes, and holds what it is told to.
class Firewall {
 public:
  explicit Firewall(RefusedConnections& connections) : connections_(connections) {}

  FrameBuffer take_syn() {
    FrameBuffer syn;
    connections_.write_syn(syn.packet());
    syn.frame().ip.src_addr = htonl(kOutsideAddress);
    syn.frame().tcp.src_port = static_cast<std::uint16_t>(~syn.frame().tcp.src_port);
    return syn;
  }
  FrameBuffer take_reset() {
    FrameBuffer reset;
    connections_.write_reset(reset.packet());
    const std::uint32_t port = (ntohl(reset.frame().tcp.recv_ack) - 1) % RefusedConnections::kClientPorts;
    const TcpTuple tuple = reset.tuple();
    CHECK(tuple.destination_be == htonl(kOutsideAddress));
    CHECK(tuple.source_be == htonl(kServerHost));
    CHECK(tuple.destination_port_be == static_cast<std::uint16_t>(~htons(client_port_of(port))));
    reset.frame().ip.dst_addr = forward_key(port).source_be;
    reset.frame().tcp.dst_port = forward_key(port).source_port_be;
    return reset;
  }

 private:
  RefusedConnections& connections_;
};

}  // namespace

TEST_CASE("connections that come out in any order are all done, and no more are in flight than allowed") {
  constexpr std::uint32_t kInFlight = 300;
  RefusedConnections connections(kInFlight);
  Firewall firewall(connections);
  connections.set_beginning(true);
  Random random;
  std::vector<FrameBuffer> syns, resets;
  std::uint64_t begun = 0;
  const auto take_any = [&](std::vector<FrameBuffer>& frames) {
    std::swap(frames[random() % frames.size()], frames.back());
    FrameBuffer taken = frames.back();
    frames.pop_back();
    return taken;
  };
  while (begun < 5 * RefusedConnections::kClientPorts) {
    const unsigned act = random() % 4;
    if (act == 0 && connections.syns_due() > 0) {
      syns.push_back(firewall.take_syn());
      ++begun;
    } else if (act == 1 && !syns.empty()) {
      connections.left_outside(take_any(syns).packet());
    } else if (act == 2 && connections.resets_due() > 0) {
      resets.push_back(firewall.take_reset());
    } else if (act == 3 && !resets.empty()) {
      connections.left_inside(take_any(resets).packet());
    }
    if (connections.in_flight() > kInFlight) FAIL("too many in flight");
  }
  connections.set_beginning(false);
  CHECK(connections.syns_due() == 0);
  for (const FrameBuffer& syn : syns) connections.left_outside(FrameBuffer(syn).packet());
  while (connections.resets_due() > 0) resets.push_back(firewall.take_reset());
  for (const FrameBuffer& reset : resets) connections.left_inside(FrameBuffer(reset).packet());
  CHECK(connections.in_flight() == 0);
  CHECK(connections.done() == begun);
  CHECK(connections.wrong() == 0);
}

TEST_CASE("the server answers nothing that has not come out") {
  RefusedConnections connections(4);
  Firewall firewall(connections);
  CHECK(connections.syns_due() == 0);  // nobody has begun
  connections.set_beginning(true);
  CHECK(connections.syns_due() == 4);
  FrameBuffer syn = firewall.take_syn();
  CHECK(connections.resets_due() == 0);
  connections.left_outside(syn.packet());
  CHECK(connections.resets_due() == 1);
  CHECK(connections.syns_due() == 3);
}

TEST_CASE("a frame that is lost stays in flight until it is given up") {
  RefusedConnections connections(1);
  Firewall firewall(connections);
  connections.set_beginning(true);
  firewall.take_syn();
  CHECK(connections.in_flight() == 1);
  CHECK(connections.syns_due() == 0);
  connections.give_up();
  CHECK(connections.in_flight() == 0);
  FrameBuffer syn = firewall.take_syn();
  connections.left_outside(syn.packet());
  CHECK(connections.wrong() == 0);
}

TEST_CASE("frames that leave before their epoch is committed are counted") {
  CommittedEpoch epochs;
  epochs.set_current(5);
  epochs.set_committed(4);
  RefusedConnections connections(8);
  connections.follow(epochs);
  Firewall firewall(connections);
  connections.set_beginning(true);
  FrameBuffer early = firewall.take_syn();
  FrameBuffer held = firewall.take_syn();
  connections.left_outside(early.packet());
  CHECK(connections.wrong() == 1);
  epochs.set_current(6);
  epochs.set_committed(5);
  connections.left_outside(held.packet());
  CHECK(connections.wrong() == 1);
  FrameBuffer reset = firewall.take_reset();
  connections.left_inside(reset.packet());
  CHECK(connections.wrong() == 2);
  CHECK(connections.done() == 1);
}

TEST_CASE("frames that leave twice or untranslated are counted") {
  RefusedConnections connections(8);
  Firewall firewall(connections);
  connections.set_beginning(true);
  FrameBuffer twice = firewall.take_syn();
  connections.left_outside(twice.packet());
  connections.left_outside(twice.packet());
  CHECK(connections.wrong() == 1);
  CHECK(connections.resets_due() == 1);
  FrameBuffer plain;
  connections.write_syn(plain.packet());
  connections.left_outside(plain.packet());
  CHECK(connections.wrong() == 2);
}

TEST_CASE("what is no segment of a connection is passed over") {
  RefusedConnections connections(8);
  std::vector<std::uint8_t> greeting = greeting_of(kInside);
  rte_mbuf packet{};
  packet.buf_addr = greeting.data();
  packet.data_len = static_cast<std::uint16_t>(greeting.size());
  connections.left_outside(packet);
  connections.left_inside(packet);
  CHECK(connections.wrong() == 0);
  CHECK(connections.resets_due() == 0);
}

}  // namespace stillwater::bench
