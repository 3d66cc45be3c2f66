// What a firewall tells of a packet's way. Each trace leaves the world as it was (traces.h).
#include "tests/unit/dataplane/traces.h"

namespace stillwater::dataplane {
namespace {

struct Traced : Firewall {
  explicit Traced(OutputCommit output_commit = OutputCommit::new_state, unsigned workers = 1)
      : Firewall(workers) {
    config.output_commit = output_commit;
    config.rules.insert(config.rules.begin(), {.id = 7,
                                               .action = RuleAction::deny,
                                               .from = {"inside"},
                                               .to = {"outside"},
                                               .services = {{.destination_ports = {{23, 23}}}}});
    start_and_resume();
    greet();
  }
  Trace trace(const TracePacket& packet, const std::string& port = "inside") {
    return traced(*this, {.port = port, .packet = packet});
  }
  Trace trace_frame(const Bytes& frame, const std::string& port) {
    return traced(*this, {.port = port, .packet = frame});
  }
  // What the port sends of UDP once the packet was put.
  Bytes sent_after(RingPort& port) {
    Bytes frame;
    REQUIRE(eventually(
        [&] { return port.take(frame) && !frame.empty() && frame[12] == 0x08 && frame[13] == 0; }));
    return frame;
  }
};

TracePacket tcp(std::uint8_t flags, const char* from = "10.80.1.2", const char* to = "10.80.2.2",
                std::uint16_t source_port = 4000, std::uint16_t destination_port = 53) {
  TracePacket packet = trace_packet(from, to);
  packet.protocol = IPPROTO_TCP;
  packet.tcp_flags = flags;
  packet.source_port = source_port;
  packet.destination_port = destination_port;
  return packet;
}

}  // namespace

TEST_CASE("trace: a new session, its rule and its translation, as the packet itself then finds them") {
  Traced f;
  const Trace trace = f.trace(trace_packet("10.80.1.2", "10.80.2.2"));
  INFO(to_text(trace));
  CHECK(trace.end == Trace::End::output);
  CHECK(nodes_of(trace) == "ethernet_input ipv4_input session_lookup session_open");
  CHECK(has_note(trace, "belongs to no session"));
  CHECK(has_note(trace, "rule 10 allows"));
  CHECK(has_note(trace, "would open a session, source NAT to 10.80.2.1:4000"));
  CHECK_FALSE(trace.frames.at(0).waits_for_commit);  // nobody has to agree
  f.query();
  CHECK(f.sent_by(f.outside) == flow_of(trace.frames.at(0).bytes));
}

TEST_CASE("trace: a host that speaks to another's endpoint outside is followed on its way back") {
  Firewall f;
  f.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  f.start_and_resume();
  f.greet();
  f.query(4000);
  (void)f.sent_by(f.outside);
  TracePacket packet = trace_packet("10.80.1.3", "10.80.2.1");
  packet.source_port = 5000;
  packet.destination_port = 4000;
  const Trace trace = traced(f, {.port = "inside", .packet = packet});
  INFO(to_text(trace));
  CHECK(nodes_of(trace) ==
        "ethernet_input ipv4_input session_lookup session_open session_lookup session_open");
  CHECK(has_note(trace, "turns back: it comes in again, as from outside"));
  CHECK(has_note(trace, "its destination would be translated to 10.80.1.2:4000"));
  REQUIRE(trace.frames.size() == 1);
  CHECK(trace.frames[0].port == "inside");
  CHECK(flow_of(trace.frames[0].bytes) == UdpFlow{kOut, kHost, 5000, 4000});
}

TEST_CASE("trace: a new session's packet waits for the commit where a standby has to agree") {
  Traced f;
  f.epochs.set_committed(0);
  const Trace trace = f.trace(trace_packet("10.80.1.2", "10.80.2.2"));
  CHECK(trace.end == Trace::End::output);
  CHECK(trace.frames.at(0).waits_for_commit);
  CHECK(trace.words.find(", once the standby has what it depends on") != std::string::npos);
  CHECK_FALSE(f.epochs.checkpoint_wanted());
}

TEST_CASE("trace: a session's packets in both directions, with its translation and what it would become") {
  Traced f;
  f.query();
  (void)f.sent_by(f.outside);
  const Trace forth = f.trace(trace_packet("10.80.1.2", "10.80.2.2"));
  INFO(to_text(forth));
  CHECK(nodes_of(forth) == "ethernet_input ipv4_input session_lookup session_forward");
  CHECK(has_note(forth, "session 10.80.1.2:4000 to 10.80.2.2:53 udp, opening, by rule 10"));
  CHECK(has_note(forth, "its source is translated to 10.80.2.1:4000"));
  TracePacket back = trace_packet("10.80.2.2", "10.80.2.1");
  std::swap(back.source_port, back.destination_port);
  const Trace reply = f.trace(back, "outside");
  INFO(to_text(reply));
  CHECK(has_note(reply, "in the direction of its responder"));
  CHECK(has_note(reply, "it would be established"));
  CHECK(reply.frames.at(0).port == "inside");
  CHECK(ipv4_header(reply.frames.at(0).bytes).dst_addr == htonl(kHost));
  f.reply();
  CHECK(f.sent_by(f.inside) == flow_of(reply.frames.at(0).bytes));
  CHECK(f.trace(back, "inside").reason == "wrong_port");
}

TEST_CASE("trace: rules that deny, none that matches, and packets that open nothing") {
  Traced f;
  TracePacket telnet = trace_packet("10.80.1.2", "10.80.2.2");
  telnet.destination_port = 23;
  const Trace denied = f.trace(telnet);
  CHECK(denied.end == Trace::End::drop);
  CHECK(denied.reason == "denied_by_rule");
  CHECK(has_note(denied, "rule 7 denies"));
  const Trace unmatched = f.trace(trace_packet("10.80.2.2", "10.80.1.2"), "outside");
  CHECK(unmatched.reason == "no_rule");
  CHECK(has_note(unmatched, "no rule matches"));
  CHECK(f.trace(tcp(kAck)).reason == "no_session");
  CHECK(f.trace(trace_packet("10.80.1.2", "172.16.0.1")).reason == "no_route");
  TracePacket expires = trace_packet("10.80.1.2", "10.80.2.2");
  expires.ttl = 1;
  CHECK(f.trace(expires).reason == "ttl_expired");
  CHECK(f.trace(expires).end == Trace::End::drop);  // a firewall tells nobody
  CHECK(f.trace(trace_packet("2001:db8::1", "2001:db8::2")).reason == "unknown_ethertype");
  CHECK(f.trace_frame(first_fragment(udp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 53})), "inside")
            .reason == "fragment");
}

TEST_CASE("trace: all NAT ports taken, and a full table") {
  Traced f;
  const auto open = [&](std::uint16_t port) {
    f.query(port);
    (void)f.sent_by(f.outside);
  };
  SECTION("the table") {
    for (std::uint16_t port = 5000; f.dataplane->sessions_in_use() < f.dataplane->sessions_max(); ++port) {
      open(port);
      f.next_turns();
    }
    const Trace gives_way = f.trace(trace_packet("10.80.1.2", "10.80.2.2"));
    CHECK(has_note(gives_way,
                   "the table is full: session 10.80.1.2:5000 to 10.80.2.2:53 udp, opening, "
                   "would give way"));
    CHECK(gives_way.end == Trace::End::output);
    for (std::uint16_t port = 5000; port < 5000 + f.dataplane->sessions_max(); ++port) {
      f.reply(port);
      (void)f.sent_by(f.inside);
    }
    CHECK(f.trace(trace_packet("10.80.1.2", "10.80.2.2")).reason == "sessions_full");
  }
  SECTION("a port that another has: the next one of its parity") {
    f.inside.put(udp_frame(kHostMac, kInMac, {kHost + 1, kServer, 4000, 53}));
    (void)f.sent_by(f.outside);
    CHECK(has_note(f.trace(trace_packet("10.80.1.2", "10.80.2.2")),
                   "would open a session, source NAT to 10.80.2.1:4002"));
  }
}

TEST_CASE("trace: a TCP initiator that uses its port anew, while the former session closes") {
  const auto commit = GENERATE(OutputCommit::none, OutputCommit::new_state);
  Traced f(commit);
  const UdpFlow forth{kHost, kServer, 4000, 53};
  f.inside.put(tcp_frame(kHostMac, kInMac, forth, {.flags = kSyn, .seq = 100}));
  (void)f.sent_after(f.outside);
  f.inside.put(tcp_frame(kHostMac, kInMac, forth, {.flags = kRst, .seq = 101}));
  (void)f.sent_after(f.outside);
  const Trace trace = f.trace(tcp(kSyn));
  INFO(to_text(trace));
  CHECK(nodes_of(trace) == "ethernet_input ipv4_input session_lookup session_forward session_open");
  CHECK(has_note(trace, "its initiator uses the port anew: it would end"));
  f.inside.put(tcp_frame(kHostMac, kInMac, forth, {.flags = kSyn, .seq = 1}));
  CHECK(flow_of(f.sent_after(f.outside)) == flow_of(trace.frames.at(0).bytes));
}

TEST_CASE("trace: TCP flags that change a session change none here") {
  Traced f;
  f.epochs.set_committed(0);
  const UdpFlow forth{kHost, kServer, 4000, 53};
  f.inside.put(tcp_frame(kHostMac, kInMac, forth, {.flags = kSyn, .seq = 100}));
  REQUIRE(eventually([&] { return f.dataplane->sessions_in_use() == 1; }));
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  (void)f.sent_after(f.outside);
  f.outside.put(tcp_frame(kServerMac, kOutMac, {kServer, kOut, 53, 4000}, {kSyn | kAck, 500, 101}));
  (void)f.sent_after(f.inside);
  const auto traced_segment = [&](const Segment& segment) {
    return f.trace_frame(tcp_frame(kHostMac, kInMac, forth, segment), "inside");
  };
  const Trace fin = traced_segment({kFin | kAck, 101, 501});
  CHECK(has_note(fin, "it would be closing"));
  CHECK(fin.frames.at(0).waits_for_commit);
  const Trace completes = traced_segment({kAck, 101, 501});
  CHECK(has_note(completes, "it would be established"));
  CHECK(traced_segment({kAck, 101 + 0x2'0000, 501}).reason == "tcp_out_of_window");
  CHECK(traced_segment({kAck, 101, 502}).reason == "tcp_bad_ack");
  CHECK(traced_segment({kSyn | kFin, 101, 501}).reason == "tcp_flags");
  CHECK_FALSE(traced_segment({kSyn, 100}).frames.at(0).waits_for_commit);
}

TEST_CASE("trace: an ICMP error about a session is translated back, one about none is dropped") {
  Traced f;
  f.query();
  (void)f.sent_by(f.outside);
  const Bytes about = icmp_error(kServerMac, kOutMac, {kServer, kOut, 0, 0}, {kOut, kServer, 4000, 53});
  const Trace trace = f.trace_frame(about, "outside");
  INFO(to_text(trace));
  CHECK(nodes_of(trace) == "ethernet_input ipv4_input session_lookup session_error");
  CHECK(has_note(trace, "about session 10.80.1.2:4000 to 10.80.2.2:53 udp, opening, by rule 10"));
  CHECK(quoted_by(trace.frames.at(0).bytes) == UdpFlow{kHost, kServer, 4000, 53});
  f.outside.put(about);
  CHECK(f.sent_after(f.inside) == trace.frames.at(0).bytes);
  const Bytes about_none = icmp_error(kServerMac, kOutMac, {kServer, kOut, 0, 0}, {kOut, kServer, 9, 53});
  CHECK(f.trace_frame(about_none, "outside").reason == "icmp_error_unknown");
}

TEST_CASE("trace: with several workers the packet's own one is asked, and finds the session") {
  Traced f(OutputCommit::new_state, 2);
  for (std::uint16_t port = 4000; port < 4008; ++port) {
    f.query(port);
    const UdpFlow sent = f.sent_by(f.outside);
    TracePacket packet = trace_packet("10.80.1.2", "10.80.2.2");
    packet.source_port = port;
    const Trace forth = f.trace(packet);
    CHECK(nodes_of(forth) == "ethernet_input ipv4_input session_lookup session_forward");
    TracePacket back = trace_packet("10.80.2.2", "10.80.2.1");
    back.source_port = 53;
    back.destination_port = sent.source_port;
    const Trace reply = f.trace(back, "outside");
    CHECK(reply.worker == forth.worker);
    CHECK(reply.frames.at(0).port == "inside");
  }
}

}  // namespace stillwater::dataplane
