#include <future>
#include <set>

#include "tests/unit/dataplane/firewall.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

const UdpFlow kQuerySent{kOut, kServer, 4000, 53};

// A firewall in epoch 1, of which nothing is committed, that holds the first packet of a session.
struct Holding : Firewall {
  Holding() {
    epochs.set_committed(0);
    start_and_resume();
    greet();
    query();
    REQUIRE(eventually([&] { return dataplane->held_packets() == 1; }));
  }
};

}  // namespace

TEST_CASE("invariant 1: a session's first packet leaves only when its epoch is committed") {
  Holding f;
  CHECK(f.epochs.checkpoint_wanted());
  f.settle();
  f.epochs.set_current(2);
  f.dataplane->barrier().resume();
  f.next_turns();
  CHECK(f.outside.sent() == 0);
  f.epochs.set_committed(1);
  CHECK(f.sent_by(f.outside) == kQuerySent);
  CHECK(eventually([&] { return f.dataplane->held_packets() == 0; }));
}

TEST_CASE("a bare ACK that waits asks for a checkpoint later, the data behind it at once") {
  Firewall f;
  f.config.source_nat.clear();
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  const auto client = [&](const Segment& segment) {
    f.inside.put(tcp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 80}, segment));
  };
  Bytes frame;
  client({kSyn, 999});
  f.settle();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.dataplane->barrier().resume();
  REQUIRE(eventually([&] { return f.outside.take(frame); }));
  f.outside.put(tcp_frame(kServerMac, kOutMac, {kServer, kHost, 80, 4000}, {kSyn | kAck, 4999, 1000}));
  REQUIRE(eventually([&] { return f.inside.take(frame); }));  // changes nothing

  client({kAck, 1000, 5000});  // completes the handshake: a hard write
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  CHECK(f.epochs.deferred().packets == 1);
  CHECK(f.epochs.deferred().since == f.clock.now());
  CHECK_FALSE(f.epochs.checkpoint_wanted());
  client({kAck | kPush, 1000, 5000, 10});
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 2; }));
  CHECK(f.epochs.checkpoint_wanted());
}

TEST_CASE("packets of a committed session are not held") {
  Holding f;
  f.settle();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.dataplane->barrier().resume();
  CHECK(f.sent_by(f.outside) == kQuerySent);
  f.query();
  CHECK(f.sent_by(f.outside) == kQuerySent);
  CHECK_FALSE(f.epochs.checkpoint_wanted());
}

TEST_CASE("packets of a session that is not committed wait in order") {
  Holding f;
  for (std::uint16_t port = 4001; port < 4006; ++port) f.query(port);
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 6; }));
  f.epochs.set_committed(1);
  for (std::uint16_t port = 4000; port < 4006; ++port) CHECK(f.sent_by(f.outside).source_port == port);
}

TEST_CASE("a full hold buffer: new sessions' packets are dropped first, and open no session") {
  Holding f;
  for (std::uint16_t port = 5000; port < 5018; ++port) f.query(port);
  REQUIRE(eventually([&] { return f.inside.waiting() == 0; }));
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["hold_buffer_full_new"] == 7; }));
  CHECK(f.dataplane->held_packets() == 12);
  CHECK(f.dataplane->sessions_in_use() == 12);
  f.query(5000);  // repeats, as nobody answers
  REQUIRE(eventually([&] { return f.inside.waiting() == 0; }));
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["hold_buffer_full_new"] == 8; }));
}

TEST_CASE("a hold buffer full of new sessions: known ones neither wait nor are dropped for it") {
  Holding f;
  for (std::uint16_t port = 4001; port < 4005; ++port) f.query(port);
  f.settle();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.dataplane->barrier().resume();
  for (std::uint16_t port = 4000; port < 4005; ++port) CHECK(f.sent_by(f.outside).source_port == port);
  for (std::uint16_t port = 5000; port < 5018; ++port) f.query(port);
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 12; }));

  f.query(4000);  // changes nothing
  CHECK(f.sent_by(f.outside) == kQuerySent);
  for (std::uint16_t port = 4000; port < 4005; ++port) f.reply(port);  // establishes: a hard write
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 16; }));
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["hold_buffer_full"] == 1; }));
  f.settle();
  f.epochs.set_current(3);
  f.epochs.set_committed(2);
  f.dataplane->barrier().resume();
  CHECK(eventually([&] { return f.dataplane->held_packets() == 0; }));
}

TEST_CASE("a fence frees held output, which is never released") {
  Holding f;
  f.settle();
  CHECK(f.dataplane->drop_held() == 1);
  CHECK(f.buffers.in_use() == 0);
  f.epochs.set_committed(9);
  f.dataplane->barrier().resume();
  f.next_turns();
  CHECK(f.outside.sent() == 0);
}

TEST_CASE("a fence frees packets that wait for a neighbour, and they are not sent when it answers") {
  Firewall f;
  f.config.output_commit = OutputCommit::none;
  f.start_and_resume();
  f.inside.put(arp_request(kHostMac, kHost, kIn));
  Bytes frame;
  REQUIRE(eventually([&] { return f.inside.take(frame); }));
  f.query();
  REQUIRE(eventually([&] { return f.outside.take(frame); }));  // the question for the server's MAC address
  REQUIRE_FALSE(is_udp(frame));
  f.settle();
  CHECK(f.dataplane->drop_held() == 1);
  f.dataplane->barrier().resume();
  f.outside.put(arp_request(kServerMac, kServer, kOut));
  REQUIRE(eventually([&] { return f.outside.take(frame); }));
  CHECK_FALSE(is_udp(frame));
  f.next_turns();
  CHECK(f.outside.sent() == 0);
}

TEST_CASE(
    "Q8: a link that takes no packets keeps a worker from its boundary for its patience, then drops by "
    "name") {
  Firewall f;
  f.config.output_commit = OutputCommit::none;
  f.start_and_resume();
  f.greet();
  unsigned sent = 0;
  while (f.outside.sent() < RingPort::kRoom) {
    REQUIRE(eventually([&] { return f.inside.waiting() < 64; }));
    for (int i = 0; i < 32; ++i, ++sent) f.query();
  }
  REQUIRE(eventually([&] { return f.inside.waiting() == 0; }));
  f.query();
  auto asked = std::async(std::launch::async, [&f] { return f.dataplane->barrier().quiesce(5s); });
  const quiesce::WorkerGate& gate = f.dataplane->barrier().gate(0);
  REQUIRE(eventually([&] { return gate.stop.load() && gate.visits.load() >= 3; }));
  CHECK(asked.wait_for(0s) == std::future_status::timeout);
  CHECK(gate.in_flight.load() > 0);
  f.clock.advance(2ms);
  REQUIRE(asked.get());
  f.clock.advance(1s);
  f.dataplane->barrier().resume();
  CHECK(eventually([&] { return f.dataplane->drops()["tx_full"] >= 1; }));
}

TEST_CASE("output commit none holds nothing") {
  Firewall f;
  f.config.output_commit = OutputCommit::none;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.query();
  CHECK(f.sent_by(f.outside) == kQuerySent);
}

TEST_CASE("output commit all: a packet waits for the epoch in which it was processed, new or not") {
  Firewall f;
  f.config.output_commit = OutputCommit::all;
  f.start_and_resume();
  f.greet();
  f.query();
  CHECK(f.sent_by(f.outside) == kQuerySent);  // a lone node waits for nobody
  f.settle();
  f.epochs.set_committed(1);
  f.epochs.set_current(2);
  f.dataplane->barrier().resume();
  f.query();
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  CHECK(f.epochs.checkpoint_wanted());
  f.next_turns();
  CHECK(f.outside.sent() == 0);
  f.epochs.set_committed(2);
  CHECK(f.sent_by(f.outside) == kQuerySent);
}

TEST_CASE("output commit all: ARP, which reveals nothing but the configuration, does not wait") {
  Firewall f;
  f.config.output_commit = OutputCommit::all;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  CHECK(f.dataplane->held_packets() == 0);
}

TEST_CASE("output that waits for an epoch that has ended asks for no checkpoint of the next one") {
  Holding f;
  f.settle();
  f.epochs.set_current(2);  // the first is on its way
  f.dataplane->barrier().resume();
  f.query();
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 2; }));
  CHECK_FALSE(f.epochs.checkpoint_wanted());
  f.query(4001);
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 3; }));
  CHECK(f.epochs.checkpoint_wanted());
}

TEST_CASE("sessions that an operator ends: those that match, and their NAT port waits for that commit") {
  Firewall f;
  f.config.source_nat[0].ports = {4000, 4001};
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.query(4000);
  f.query(4001);
  f.settle();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.dataplane->barrier().resume();
  CHECK(f.sent_by(f.outside).source_port == 4000);
  CHECK(f.sent_by(f.outside).source_port == 4001);
  CHECK(f.dataplane->end_sessions({.protocol = IPPROTO_TCP}).value() == 0);
  CHECK(f.dataplane->end_sessions({.source = IpPrefix{IpAddress::v4(htonl(kServer)), 32}}).value() == 0);
  const SessionFilter queries{.protocol = IPPROTO_UDP, .source = IpPrefix{IpAddress::v4(htonl(kHost)), 32}};
  CHECK(f.dataplane->end_sessions(queries).value() == 2);
  CHECK(eventually([&] { return f.dataplane->sessions_in_use() == 0; }));
  f.query(5000);
  f.settle();
  f.epochs.set_current(3);
  f.epochs.set_committed(2);
  f.dataplane->barrier().resume();
  f.query(5001);
  f.settle();
  f.epochs.set_current(4);
  f.epochs.set_committed(3);
  f.dataplane->barrier().resume();
  const UdpFlow sent = f.sent_by(f.outside);  // of the second client: the first found no port
  CHECK((sent.source_port == 4000 || sent.source_port == 4001));
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["nat_ports_exhausted"] == 1; }));
}

TEST_CASE("held output leaves to where its next hop is when it leaves") {
  Holding f;
  f.outside.put(arp_request(33, kServer, kOut));
  Bytes answer;
  REQUIRE(eventually([&] { return f.outside.take(answer); }));
  f.epochs.set_committed(1);
  Bytes frame;
  REQUIRE(eventually([&] { return f.outside.take(frame); }));
  CHECK(frame[5] == 33);
}

TEST_CASE("stopping frees what is held") {
  Holding f;
  f.dataplane->stop();
  CHECK(f.buffers.in_use() == 0);
  CHECK(f.outside.sent() == 0);
}
