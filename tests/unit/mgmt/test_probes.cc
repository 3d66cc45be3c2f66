// Traces and pings over the API and the command line.
#include <catch2/catch.hpp>
#include <google/protobuf/util/message_differencer.h>
#include <nlohmann/json.hpp>

#include "tests/unit/mgmt/ctl.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;
using google::protobuf::util::MessageDifferencer;
using nlohmann::json;

v1::TraceRequest asked(Node& node) {
  return node.control.with([](FakeState& s) { return s.traced; });
}

v1::TraceResponse forwarded() {
  v1::TraceResponse trace;
  trace.set_worker(1);
  v1::TraceStep& step = *trace.add_steps();
  step.set_node("ipv4_route");
  step.set_about("where the route leads");
  step.add_notes("10.9.0.0/16 via 10.80.2.2 at outside");
  trace.set_end("output");
  trace.set_words("it leaves at port outside");
  v1::TraceFrame& frame = *trace.add_frames();
  frame.set_port("outside");
  frame.set_next_hop("10.80.2.2");
  frame.set_mac("02:00:00:00:00:07");
  frame.set_frame(std::string("\x02\x00\xff", 3));
  return trace;
}

v1::TraceResponse refused() {
  v1::TraceResponse trace;
  trace.set_end("refused");
  trace.set_words("its time to live is over");
  trace.set_reason("ttl_exceeded");
  v1::TraceError& error = *trace.mutable_error();
  error.set_to("10.80.1.2");
  error.set_type(11);
  error.set_words("time exceeded");
  error.set_why_not("too many lately");
  return trace;
}

v1::PingResponse reply() {
  v1::PingResponse reply;
  reply.set_kind("reply");
  reply.set_from("10.80.2.2");
  reply.set_bytes(64);
  reply.set_ttl(63);
  reply.set_round_trip_us(1250);
  return reply;
}

}  // namespace

TEST_CASE("a trace is passed on as it was asked, and answered as the node does") {
  Node node;
  node.control.with([](FakeState& s) { s.trace = forwarded(); });
  v1::TraceRequest request;
  request.set_port("inside");
  request.set_frame("0123456789abcd");
  v1::TraceResponse response;
  Call call;
  REQUIRE(node.stub->Trace(&call, request, &response).ok());
  CHECK(MessageDifferencer::Equals(asked(node), request));
  CHECK(MessageDifferencer::Equals(response, forwarded()));
}

TEST_CASE("stillwaterctl trace says every field of the packet") {
  Node node;
  CHECK(ctl(node,
            {"trace",     "--port",      "inside",  "--source",        "10.80.1.2",    "--destination",
             "10.80.2.2", "--protocol",  "tcp",     "--source-port",   "40000",        "--destination-port",
             "443",       "--tcp-flags", "syn,ack", "--payload",       "100",          "--ttl",
             "1",         "--dscp",      "46",      "--dont-fragment", "--source-mac", "02:00:00:00:00:09"})
            .exit == 0);
  v1::TraceRequest wanted;
  wanted.set_port("inside");
  v1::TracePacket& packet = *wanted.mutable_fields();
  packet.set_source("10.80.1.2");
  packet.set_destination("10.80.2.2");
  packet.set_protocol(6);
  packet.set_source_port(40000);
  packet.set_destination_port(443);
  packet.set_tcp_flags(0x12);
  packet.set_payload_bytes(100);
  packet.set_ttl(1);
  packet.set_dscp(46);
  packet.set_dont_fragment(true);
  packet.set_source_mac("02:00:00:00:00:09");
  CHECK(MessageDifferencer::Equals(asked(node), wanted));

  CHECK(ctl(node, {"trace", "--port", "inside", "--source", "fe80::1", "--destination", "2001:db8::1",
                   "--protocol", "58", "--icmp-type", "3", "--icmp-code", "1", "--icmp-id", "7"})
            .exit == 0);
  CHECK(asked(node).fields().icmp_type() == 3);
  CHECK(asked(node).fields().icmp_code() == 1);
  CHECK(asked(node).fields().icmp_identifier() == 7);

  CHECK(ctl(node, {"trace", "--port", "inside", "--frame", "02:00:FF 01"}).exit == 0);
  CHECK(asked(node).frame() == std::string("\x02\x00\xff\x01", 4));
}

TEST_CASE("stillwaterctl trace prints the nodes, the end and the frames") {
  Node node;
  node.control.with([](FakeState& s) { s.trace = forwarded(); });
  const std::vector<std::string> question = {"trace", "--port", "inside", "--frame", "00"};
  CHECK(ctl(node, question).out ==
        "worker 1\n"
        "ipv4_route        where the route leads\n"
        "  - 10.9.0.0/16 via 10.80.2.2 at outside\n"
        "=> output: it leaves at port outside\n"
        "  frame at outside, next hop 10.80.2.2 at 02:00:00:00:00:07, 3 octets\n"
        "    0200ff\n");
  std::vector<std::string> as_json = question;
  as_json.emplace_back("--json");
  const json told = json::parse(ctl(node, as_json).out);
  CHECK(told["steps"][0]["notes"] == json{"10.9.0.0/16 via 10.80.2.2 at outside"});
  CHECK(told["frames"][0]["frame"] == "0200ff");

  node.control.with([](FakeState& s) { s.trace = refused(); });
  CHECK(ctl(node, question).out ==
        "worker 0\n"
        "=> refused: its time to live is over\n"
        "  counted as ttl_exceeded\n"
        "  error to 10.80.1.2: type 11, code 0, time exceeded; not told: too many lately\n");
}

TEST_CASE("stillwaterctl trace and ping say what was expected where they are used wrongly") {
  Node node;
  const std::vector<std::string> packet = {"trace",    "--port",        "in",      "--source",
                                           "10.0.0.1", "--destination", "10.0.0.2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), packet.begin(), packet.end());
    return more;
  };
  for (const auto& [wrong, words] : std::vector<std::pair<std::vector<std::string>, const char*>>{
           {{"trace", "--source", "10.0.0.1", "--destination", "10.0.0.2"}, "--port"},
           {{"trace", "--port", "in"}, "--source and --destination, or a --frame"},
           {with({"--frame", "00"}), "not both"},
           {{"trace", "--port", "in", "--frame", "0"}, "two digits each"},
           {{"trace", "--port", "in", "--frame", "zz"}, "two digits each"},
           {with({"--protocol", "tpc"}), "none of esp, gre, icmp, icmp6, tcp, udp"},
           {with({"--tcp-flags", "syn,sin"}), "'sin' is none of"},
           {with({"--ttl", "0"}), "--ttl"},
           {{"ping"}, "DESTINATION"},
           {{"ping", "10.0.0.1", "--wait", "5s"}, "shorter than --timeout"},
           {{"ping", "10.0.0.1", "--size", "9001"}, "--size"}}) {
    const Finished done = ctl(node, wrong);
    INFO(done.err);
    CHECK(done.exit == 2);
    CHECK_THAT(done.err, Contains(words));
  }
}

TEST_CASE("stillwaterctl ping prints a line an answer, and what they came to") {
  Node node;
  node.control.with([](FakeState& s) { s.pong = reply(); });
  CHECK(ctl(node, {"ping", "10.80.2.2", "--count", "2", "--interval", "1ms", "--size", "100", "--ttl", "9",
                   "--source", "10.80.1.1", "--wait", "250ms", "--dont-fragment"})
            .out ==
        "1: 64 octets from 10.80.2.2, ttl 63, 1.250 ms\n"
        "2: 64 octets from 10.80.2.2, ttl 63, 1.250 ms\n"
        "2 sent, 2 answered, 1.250 to 1.250 ms\n");
  const auto pinged = node.control.with([](FakeState& s) { return s.pinged; });
  REQUIRE(pinged.size() == 2);
  CHECK(pinged[0].destination() == "10.80.2.2");
  CHECK(pinged[0].source() == "10.80.1.1");
  CHECK(pinged[0].payload_bytes() == 100);
  CHECK(pinged[0].ttl() == 9);
  CHECK(pinged[0].timeout_ms() == 250);
  CHECK(pinged[0].dont_fragment());

  const json told = json::parse(ctl(node, {"ping", "10.80.2.2", "--count", "1", "--json"}).out);
  CHECK(told["sent"] == 1);
  CHECK(told["answered"] == 1);
  CHECK(told["replies"][0]["ttl"] == 63);
}

TEST_CASE("stillwaterctl ping goes on over silence and errors, and ends with 1 where nobody answered") {
  Node node;
  node.control.with([](FakeState& s) {
    s.pong = reply();
    s.pong.set_kind("packet_too_big");
    s.pong.set_mtu(1400);
  });
  const std::vector<std::string> question = {"ping", "10.80.2.2", "--count", "2", "--interval", "1ms"};
  Finished done = ctl(node, question);
  CHECK(done.exit == 1);
  CHECK_THAT(done.out, Contains("2: 10.80.2.2 says packet_too_big, type 0, code 0, MTU 1400\n"));
  node.control.with([](FakeState& s) { s.error = Error{Errc::timed_out, "nothing came back"}; });
  done = ctl(node, question);
  CHECK(done.exit == 1);
  CHECK(done.out == "1: no answer\n2: no answer\n");
  CHECK_THAT(done.err, Contains("2 sent, none answered"));
  done = ctl(node, {"ping", "10.80.2.2", "--count", "1", "--json"});
  CHECK(done.exit == 1);
  CHECK(json::parse(done.out)["answered"] == 0);
  node.control.with([](FakeState& s) { s.error = Error{Errc::failed_precondition, "it does not lead"}; });
  CHECK_THAT(ctl(node, question).err, Contains("it does not lead"));
}

}  // namespace stillwater::mgmt::test
