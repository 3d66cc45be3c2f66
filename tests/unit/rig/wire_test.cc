// The wire checker sees two nodes that answer for one address, and never takes half a capture for a clean
// one.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/rig/systems/pair_network.h"
#include "tests/rig/wire/pair_wire.h"
#include "tests/rig/wire/wire_check.h"
#include "tests/rig/wire/wire_watch.h"
#include "tests/unit/rig/frames.h"

namespace stillwater::rig {
namespace {

using State = WireVerdict::State;

constexpr const char* kService = "10.80.1.1";
constexpr const char* kClient = "10.80.1.2";
constexpr Instant kStart = 100s;
const MacAddress kVirtualMac = frames::mac(1);
enum Port : std::size_t { client_in, a_in, b_in, a_out, b_out, server_out };

WireSubject pair_subject() {
  return {.ports = {{"in-client", "br-in", ""},
                    {"in-a", "br-in", "a"},
                    {"in-b", "br-in", "b"},
                    {"out-a", "br-out", "a"},
                    {"out-b", "br-out", "b"},
                    {"out-server", "br-out", ""}},
          .services = {{"br-in", parse_ipv4(kService).value(), kVirtualMac}},
          .streams = {{.enters = "br-in", .destination_port = 9000}}};
}

struct Wire {
  explicit Wire(const WireSubject& subject = pair_subject()) : check(subject) {}
  // `count` ARP answers for the service, 1 ms apart from `from` on.
  void answers(Port port, Nanos from, int count = 1) {
    for (int i = 0; i < count; ++i) {
      check.feed(kStart + from + i * 1ms, port, frames::arp(kVirtualMac, kService, kClient, 2));
    }
  }
  void probe(Port port, Nanos at, std::uint32_t number) {
    check.feed(kStart + at, port, frames::udp(frames::mac(9), kClient, "10.80.2.2", 9000, number));
  }
  WireCheck check;
};

}  // namespace

TEST_CASE("a handover at which the old node is silent before the new one speaks is clean") {
  Wire wire;
  wire.answers(a_in, 0ms, 100);
  wire.answers(b_in, 150ms, 100);
  const WireVerdict verdict = wire.check.finish();
  CHECK(verdict.state() == State::clean);
  REQUIRE(verdict.handovers.size() == 1);
  CHECK(verdict.handovers[0].from == "a");
  CHECK(verdict.handovers[0].to == "b");
  CHECK(verdict.handovers[0].first_of_new - verdict.handovers[0].last_of_old == 51ms);
  REQUIRE(verdict.answers.size() == 2);
  CHECK(verdict.answers[1].sent.arp == 100);
}

TEST_CASE("an overlap lasts from the first frame of the new to the last of the old") {
  Wire wire;
  wire.answers(a_in, 0ms, 101);  // until 100 ms
  wire.answers(b_in, 90ms + 500us, 100);
  const WireVerdict verdict = wire.check.finish();
  CHECK(verdict.state() == State::breach);
  REQUIRE(verdict.overlaps.size() == 1);
  const Overlap& overlap = verdict.overlaps[0];
  CHECK(overlap.held_by == "a");
  CHECK(overlap.also == "b");
  CHECK(overlap.begin == kStart + 90ms + 500us);
  CHECK(overlap.end == kStart + 100ms);
  CHECK(overlap.held_by_sent.frames() == 10);
  CHECK(overlap.also_sent.frames() == 10);
  CHECK(verdict.handovers.empty());
}

TEST_CASE("one frame of a thawed node in the middle of its successor's is an overlap") {
  Wire wire;
  wire.answers(a_in, 0ms, 10);
  wire.answers(b_in, 50ms, 5000);
  wire.answers(a_in, 3000ms + 500us);
  wire.answers(a_in, 9s);
  const WireVerdict verdict = wire.check.finish();
  REQUIRE(verdict.overlaps.size() == 1);
  CHECK(verdict.overlaps[0].held_by == "b");
  CHECK(verdict.overlaps[0].also == "a");
  CHECK(verdict.overlaps[0].also_sent.frames() == 1);
  CHECK(verdict.overlaps[0].held_by_sent.frames() == 0);
  // And when the successor has been silent for long, the service has moved back.
  REQUIRE(verdict.handovers.size() == 2);
  CHECK(verdict.handovers[1].from == "b");
}

TEST_CASE("the order of feeding between ports does not matter, before it is settled") {
  Wire wire;
  wire.answers(b_in, 200ms, 100);
  wire.answers(a_in, 0ms, 100);
  SECTION("in time") { CHECK(wire.check.finish().state() == State::clean); }
  SECTION("settled bit by bit") {
    wire.check.settle(kStart + 250ms);
    wire.answers(b_in, 300ms, 5);
    CHECK(wire.check.finish().state() == State::clean);
  }
  SECTION("too late") {
    wire.check.settle(kStart + 250ms);
    wire.answers(a_in, 100ms);
    CHECK(wire.check.finish().state() == State::incomplete);
  }
}

TEST_CASE("every way to answer for an address is seen") {
  Wire wire;
  const auto one = [&](const frames::Bytes& frame) { wire.check.feed(kStart, a_in, frame); };
  one(frames::arp(frames::mac(7), kService, kClient, 2));                              // from another MAC
  one(frames::arp(kVirtualMac, kService, kService));                                   // gratuitous
  one(frames::udp(frames::mac(7), kService, kClient, 80, 0));                          // translated
  one(frames::udp(kVirtualMac, "10.80.2.2", kClient, 80, 0));                          // forwarded
  one(frames::arp(frames::mac(7), "10.80.1.9", kService));                             // its own affair
  one(frames::udp(frames::mac(7), "10.80.2.2", kClient, 80, 0));                       // likewise
  wire.check.feed(kStart, client_in, frames::arp(frames::mac(9), kClient, kService));  // a question
  const WireVerdict verdict = wire.check.finish();
  REQUIRE(verdict.answers.size() == 1);
  CHECK(verdict.answers[0].sent.arp == 2);
  CHECK(verdict.answers[0].sent.translated == 1);
  CHECK(verdict.answers[0].sent.other == 1);
  CHECK(verdict.state() == State::clean);
}

TEST_CASE("the virtual MAC from a port that is no node's, or on another bridge, is a breach") {
  const Port port = GENERATE(client_in, a_out, server_out);
  Wire wire;
  wire.answers(a_in, 0ms, 10);
  wire.answers(port, 3ms, 2);
  const WireVerdict verdict = wire.check.finish();
  CHECK(verdict.state() == State::breach);
  REQUIRE(verdict.wrong_ports.size() == 1);
  CHECK(verdict.wrong_ports[0].frames == 2);
  CHECK(verdict.wrong_ports[0].first == kStart + 3ms);
}

TEST_CASE("a probe that leaves on the far side more often than it was sent is a duplicate") {
  Wire wire;
  wire.answers(a_in, 0ms);
  for (std::uint32_t number = 0; number < 10; ++number) {
    wire.probe(client_in, number * 1ms, number);
    wire.probe(a_out, number * 1ms + 100us, number);
  }
  SECTION("once each: clean") { CHECK(wire.check.finish().state() == State::clean); }
  SECTION("from both nodes") {
    wire.probe(b_out, 3ms + 50us, 3);
    const WireVerdict verdict = wire.check.finish();
    CHECK(verdict.state() == State::breach);
    REQUIRE(verdict.datagrams_duplicated == 1);
    CHECK(verdict.duplicates[0].number == 3);
    CHECK(verdict.duplicates[0].times == 2);
    CHECK(verdict.duplicates[0].first_port == "out-b");
    CHECK(verdict.duplicates[0].last_port == "out-a");
  }
  SECTION("but not if its sender sent it twice") {
    wire.probe(client_in, 4ms, 3);
    wire.probe(a_out, 5ms, 3);
    CHECK(wire.check.finish().state() == State::clean);
  }
}

TEST_CASE("a capture that is not whole is never clean") {
  Wire wire;
  SECTION("nobody answered") {}
  SECTION("dropped frames") {
    wire.answers(a_in, 0ms);
    wire.check.dropped(b_in, 1);
  }
  SECTION("another reason") {
    wire.answers(a_in, 0ms);
    wire.check.incomplete("port in-b went away");
  }
  const WireVerdict verdict = wire.check.finish();
  CHECK(verdict.state() == State::incomplete);
  CHECK(to_text(verdict, kStart).find("not seen") != std::string::npos);
  CHECK(to_json(verdict, kStart)["state"] == "incomplete");
}

TEST_CASE("nor does a breach hide behind a gap") {
  Wire wire;
  wire.answers(a_in, 0ms, 10);
  wire.answers(b_in, 5ms, 10);
  wire.check.dropped(b_in, 1000);
  CHECK(wire.check.finish().state() == State::breach);
}

TEST_CASE("a verdict is told in words and as JSON, in milliseconds from an origin") {
  Wire wire;
  wire.answers(a_in, 0ms, 10);
  wire.answers(b_in, 5ms + 500us, 10);
  wire.answers(client_in, 1ms);
  wire.probe(a_out, 0ms, 1);
  wire.probe(b_out, 0ms, 1);
  const WireVerdict verdict = wire.check.finish();
  const std::string text = to_text(verdict, kStart + 5ms + 500us);
  CHECK(text.find("b answered while a did, from 0.000 to 3.500 ms: 4 and 4 frames") != std::string::npos);
  CHECK(text.find("in-client") != std::string::npos);
  CHECK(text.find("more than once") != std::string::npos);
  const auto json = to_json(verdict, kStart + 5ms + 500us);
  CHECK(json["overlaps"][0]["begin_ms"] == 0);
  CHECK(json["overlaps"][0]["end_ms"] == 3.5);
  CHECK(json["overlaps"][0]["also_sent"]["frames"] == 4);
  CHECK(json["ports"].size() == 6);
  CHECK(json["answers"].size() == 2);
}

TEST_CASE("truncated and odd frames are read as far as they go") {
  const auto whole = frames::udp(frames::mac(1), kService, kClient, 9000, 77);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto view = FrameView::parse({whole.data(), length});
    CHECK(view.has_value() == (length >= 14));
    if (view) CHECK(view->udp_payload.size() == (length > 42 ? length - 42 : 0));
  }
  auto tagged = whole;
  const std::array tag{std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{5}};
  tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
  REQUIRE(FrameView::parse(tagged));
  CHECK(FrameView::parse(tagged)->ports->destination == 9000);
  auto fragment = whole;
  fragment[21] = std::byte{1};
  CHECK_FALSE(FrameView::parse(fragment)->ports);
  auto long_header = whole;
  long_header[14] = std::byte{0x4f};
  CHECK_FALSE(FrameView::parse(long_header)->ipv4);
}

TEST_CASE("addresses are read and written") {
  CHECK(to_text(parse_mac(kInsideMac).value()) == kInsideMac);
  CHECK(to_text(parse_ipv4(kInsideAddress).value()) == kInsideAddress);
  CHECK_FALSE(parse_mac("02:53"));
  CHECK_FALSE(parse_ipv4("10.80.1"));
}

TEST_CASE("the ports to watch follow from the plan") {
  const auto ports = watched_ports(pair_network(DataPorts::of_the_daemon), "net", {"active", "standby"});
  REQUIRE(ports.size() == 6);
  CHECK(ports[0].name == "in-client");
  CHECK(ports[0].node.empty());
  CHECK(ports[2].name == "in-active");
  CHECK(ports[2].node == "active");
  CHECK(ports[2].bridge == "br-in");
}

TEST_CASE("of a pair both bridges and both service addresses are watched") {
  const Plan plan = pair_network(DataPorts::of_the_daemon);
  const WireSubject subject = pair_wire(plan, VirtualMac::of_the_pair);
  CHECK(subject.ports.size() == 6);
  REQUIRE(subject.services.size() == 2);
  CHECK(to_text(subject.services[1].address) == kOutsideAddress);
  CHECK(to_text(subject.services[1].mac.value()) == kOutsideMac);
  CHECK_FALSE(pair_wire(plan, VirtualMac::none).services[0].mac);
}

}  // namespace stillwater::rig
