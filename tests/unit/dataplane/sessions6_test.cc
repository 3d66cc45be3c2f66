// A firewall's sessions of IPv6: who agrees to them, what knows of them, how they end, who goes on with them.
#include <algorithm>
#include <cstring>

#include "tests/unit/dataplane/firewall6.h"
#include "tests/unit/dataplane/traces.h"

namespace stillwater::dataplane {
namespace {

// As a standby gets it: what the active's checkpoint carries of `source`, since all was zero.
void ship(Dataplane& dataplane, const region::Region& source, region::Region& copy) {
  std::vector<region::Extent> lines;
  dataplane.marks(0).hard->append_to(lines);
  for (const region::Extent& e : lines)
    std::memcpy(copy.base() + e.offset, source.base() + e.offset, e.bytes);
}

SessionRow only_session(Dataplane& dataplane) {
  std::vector<SessionRow> found;
  ListCursor at;
  REQUIRE(dataplane.list_sessions({}, 10, at, [&](const SessionRow& row) { found.push_back(row); }));
  REQUIRE(at.at_end);
  REQUIRE(found.size() == 1);
  return found[0];
}

}  // namespace

TEST_CASE("IPv6: a new session's packets wait for its commit, those of a known one for nobody") {
  Firewall6 f;
  f.begin();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.query6();
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  CHECK(f.epochs.checkpoint_wanted());
  Bytes frame;
  CHECK_FALSE((f.outside.take(frame) && is_udp6(frame)));
  f.epochs.set_current(3);
  f.epochs.set_committed(2);
  CHECK(f.sent6(f.outside) == f.flow());
  f.query6();
  CHECK(f.sent6(f.outside) == f.flow());
  CHECK(f.dataplane->sessions6_in_use() == 1);
  CHECK(f.dataplane->sessions_in_use() == 0);
}

TEST_CASE("IPv6: each family has its table, and a full one takes nothing from the other") {
  Firewall6 f;
  f.config.sessions6_max = 16;  // a page of them: 32
  f.make_region();
  f.begin();
  f.greet();
  for (std::uint16_t port = 4000; port < 4064; ++port) f.query6(port);
  REQUIRE(eventually([&] { return f.dataplane->sessions6_in_use() == 32; }));
  CHECK(f.dataplane->sessions6_max() == 32);
  f.query();
  CHECK(f.sent_by(f.outside).destination == kServer);
  CHECK(f.dataplane->sessions_in_use() == 1);
  REQUIRE(eventually([&] { return f.dataplane->sessions6_in_use() == 32; }));
}

TEST_CASE("IPv6: sessions end by an operator's filter, of their family alone, and when they are idle") {
  Firewall6 f;
  f.begin();
  f.greet();
  f.query();
  (void)f.sent_by(f.outside);
  for (std::uint16_t port = 4000; port < 4003; ++port) {
    f.query6(port);
    (void)f.sent6(f.outside);
  }
  const auto ended = [&](const SessionFilter& filter) { return f.dataplane->end_sessions(filter).value(); };
  const std::uint16_t port_be = htons(4001);
  const IpPrefix all_of_ipv4{ip("0.0.0.0"), 0}, inside_of_ipv6{kHost6, 64}, elsewhere{ip("2001:db8:3::"), 64};
  CHECK(ended({.source = all_of_ipv4, .port_be = port_be}) == 0);
  CHECK(ended({.source = inside_of_ipv6, .port_be = port_be}) == 1);
  CHECK(ended({.destination = elsewhere}) == 0);
  CHECK(f.dataplane->sessions_in_use() == 1);
  f.reply6(4001);
  CHECK(f.dropped("no_rule") == 1);
  f.clock.advance(f.config.timeouts.udp_s * 1s + 20s);
  CHECK(eventually([&] { return f.clock.advance(10ms), f.dataplane->sessions6_in_use() == 0; }));
}

TEST_CASE("IPv6: a list shows both families, those of IPv4 first, and no more than are asked for") {
  Firewall6 f;
  f.begin();
  f.greet();
  f.query6();
  (void)f.sent6(f.outside);
  f.query();
  (void)f.sent_by(f.outside);
  std::vector<SessionRow> found;
  const auto note = [&](const SessionRow& row) { found.push_back(row); };
  ListCursor all, one;
  REQUIRE(f.dataplane->list_sessions({}, 10, all, note));
  REQUIRE(found.size() == 2);
  CHECK(found[0].source == RowEndpoint{IpAddress::v4(htonl(kHost)), 4000});
  const RowEndpoint host{kHost6, 4000}, server{kServer6, 53};
  CHECK(found[1].protocol == IPPROTO_UDP);
  CHECK(found[1].source == host);
  CHECK(found[1].destination == server);
  CHECK(found[1].translated_source == host);
  CHECK(found[1].translated_destination == server);
  found.clear();
  REQUIRE(f.dataplane->list_sessions({}, 1, one, note));
  CHECK(found.size() == 1);
}

TEST_CASE("invariant 2: a standby's copy has the sessions of IPv6, and its node goes on with them") {
  Firewall6 f;
  f.begin();
  const Segment syn{.flags = kSyn, .seq = 999}, answer{.flags = kSyn | kAck, .seq = 4999, .ack = 1000};
  f.inside.put(tcp6_frame(kHostMac, kInMac, f.flow(), syn));
  (void)f.sent6(f.outside);
  f.outside.put(tcp6_frame(kServerMac, kOutMac, back(f.flow()), answer));
  (void)f.sent6(f.inside);
  f.inside.put(tcp6_frame(kHostMac, kInMac, f.flow(), {.flags = kAck, .seq = 1000, .ack = 5000}));
  (void)f.sent6(f.outside);
  f.settle();
  f.dataplane->stop();

  Firewall6 successor;
  successor.region->set_identity(f.region->header().region_id, 1);
  ship(*f.dataplane, *f.region, *successor.region);
  CHECK(std::memcmp(f.region->base() + region::kDataOffset, successor.region->base() + region::kDataOffset,
                    f.region->soft_begin() - region::kDataOffset) == 0);
  successor.start(successor.clock);
  CHECK(successor.dataplane->sessions6_mirrored() == 1);
  successor.dataplane->continue_region_time(f.region->region_now() + 1s);
  successor.dataplane->on_activate();
  successor.dataplane->barrier().resume();
  successor.greet6();
  CHECK(only_session(*successor.dataplane).state == region::SessionState::established);
  successor.outside.put(tcp6_frame(kServerMac, kOutMac, back(f.flow()),
                                   {.flags = kAck, .seq = 5000, .ack = 1000, .payload = 9}));
  CHECK(successor.sent6(successor.inside) == back(f.flow()));
  successor.reply6(4001);  // of no session
  CHECK(successor.dropped("no_rule") == 1);
}

TEST_CASE("IPv6: rules that have changed are asked again, and what they do not admit ends") {
  Firewall6 f;
  f.begin();
  f.query6();
  (void)f.sent6(f.outside);
  REQUIRE(
      f.dataplane->replace_policy({{{.id = 20, .action = RuleAction::allow, .source = {{kHost6, 128}}}}}));
  f.query6();
  (void)f.sent6(f.outside);
  CHECK(only_session(*f.dataplane).rule_id == 20);
  const RuleConfig none{.id = 30, .action = RuleAction::reject};
  REQUIRE(f.dataplane->replace_policy({{none}}));
  f.query6();
  Bytes frame;
  REQUIRE(eventually([&] { return f.inside.take(frame) && is_ipv6(frame) && frame[20] == IPPROTO_ICMPV6; }));
  CHECK(frame[54] == 1);  // unreachable, administratively prohibited
  CHECK(frame[55] == 1);
  CHECK(eventually([&] { return f.dataplane->sessions6_in_use() == 0; }));
}

TEST_CASE("IPv6: a packet that is too big is told of only once its session may be known of") {
  Firewall6 f;
  f.config.ports[1].mtu = 1280;
  f.make_region();
  f.begin();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.query6();  // is held
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  Bytes udp(sizeof(rte_udp_hdr) + 1300, 0);
  *reinterpret_cast<rte_udp_hdr*>(udp.data()) = {htons(4000), htons(53), htons(1308), 0x1234};
  f.inside.put(ip6_frame(kHostMac, kInMac, kHost6, kServer6, IPPROTO_UDP, udp));
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 2; }));
  f.epochs.set_committed(2);
  Bytes frame;
  REQUIRE(eventually([&] { return f.inside.take(frame) && is_ipv6(frame) && frame[20] == IPPROTO_ICMPV6; }));
  CHECK(frame[54] == 2);
  CHECK(f.sent6(f.outside) == f.flow());
}

TEST_CASE("IPv6: logs name the addresses of both ends, and the rule") {
  Firewall6 f;
  f.config.log = {.sessions = SessionLog::all, .translations = true, .rules = true};
  f.config.rules[0].log = true;
  f.begin();
  f.query6();
  (void)f.sent6(f.outside);
  f.settle();
  std::vector<LogRecord> records(8);
  records.resize(f.dataplane->take_log_records(0, records));
  REQUIRE(records.size() == 2);
  CHECK(records[0].kind == LogKind::rule_matched);
  CHECK(records[1].kind == LogKind::session_opened);
  for (const LogRecord& record : records) {
    CHECK(record.rule_id == 10);
    CHECK(record.source == LogEndpoint{kHost6, 4000});
    CHECK(record.destination == LogEndpoint{kServer6, 53});
  }
  CHECK(records[1].translated_source == records[1].source);
  CHECK(records[1].translated_destination == records[1].destination);
}

TEST_CASE("trace: of IPv6 a new session, a known one, an error about it, as the packets then find them") {
  Firewall6 f;
  f.begin();
  TracePacket packet = trace_packet("2001:db8:1::2", "2001:db8:2::2");
  const Trace opens = traced(f, {.port = "inside", .packet = packet});
  INFO(to_text(opens));
  CHECK(nodes_of(opens) == "ethernet_input ipv6_input session6_lookup session6_open");
  CHECK(has_note(opens, "belongs to no session"));
  CHECK(has_note(opens, "rule 10 allows"));
  CHECK(has_note(opens, "would open a session, not translated"));
  CHECK(has_note(opens, "hop limit would be 63"));
  f.query6();
  CHECK(f.sent6(f.outside) == flow6_of(opens.frames.at(0).bytes));

  std::swap(packet.source, packet.destination);
  std::swap(packet.source_port, packet.destination_port);
  const Trace answers = traced(f, {.port = "outside", .packet = packet});
  INFO(to_text(answers));
  CHECK(nodes_of(answers) == "ethernet_input ipv6_input session6_lookup session6_forward");
  CHECK(has_note(answers, "session [2001:db8:1::2]:4000 to [2001:db8:2::2]:53 udp, opening, by rule 10"));
  CHECK(has_note(answers, "in the direction of its responder"));
  CHECK(has_note(answers, "it would be established"));
  CHECK(traced(f, {.port = "inside", .packet = packet}).reason == "wrong_port");

  const Bytes sent = udp6_frame(kHostMac, kInMac, f.flow());
  const Bytes error = too_big6_frame(kServerMac, kOutMac, ip("2001:db8:77::1"), sent);
  const Trace told = traced(f, {.port = "outside", .packet = error});
  INFO(to_text(told));
  CHECK(nodes_of(told) == "ethernet_input ipv6_input session6_lookup session6_error");
  CHECK(has_note(told, "about session [2001:db8:1::2]:4000 to [2001:db8:2::2]:53 udp, opening, by rule 10"));
  CHECK(told.end == Trace::End::output);

  packet = trace_packet("2001:db8:1::2", "2001:db8:1::1");
  CHECK(nodes_of(traced(f, {.port = "inside", .packet = packet})) ==
        "ethernet_input ipv6_input session6_lookup ipv6_local");
}

TEST_CASE("trace: of IPv6 what a changed policy and a full table would end, and who would be told") {
  Firewall6 f;
  f.config.sessions6_max = 16;
  f.make_region();
  f.begin();
  for (std::uint16_t port = 4000; port < 4032; ++port) {
    f.query6(port);
    (void)f.sent6(f.outside);
  }
  TracePacket packet = trace_packet("2001:db8:1::2", "2001:db8:2::2");
  packet.source_port = 5000;
  CHECK(has_note(
      traced(f, {.port = "inside", .packet = packet}),
      "the table is full: session [2001:db8:1::2]:4000 to [2001:db8:2::2]:53 udp, opening, would give way"));
  packet.ttl = 1;
  const Trace expired = traced(f, {.port = "inside", .packet = packet});
  REQUIRE(expired.error);
  CHECK(expired.error->told);
  CHECK(expired.error->type == 3);
  const RuleConfig none{.id = 30, .action = RuleAction::deny};
  REQUIRE(f.dataplane->replace_policy({{none}}));
  packet.ttl = 64;
  packet.source_port = 4001;
  const Trace ends = traced(f, {.port = "inside", .packet = packet});
  CHECK(has_note(ends, "the policy has changed since it was admitted: it would end"));
  CHECK(ends.reason == "denied_by_rule");
}

}  // namespace stillwater::dataplane
