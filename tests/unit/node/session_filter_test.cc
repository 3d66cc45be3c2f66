// Which sessions an operator's words mean, and that words that mean none are refused.
#include "appliance/session_filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

using namespace stillwater;
using region::SessionState;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

dataplane::Config three_ports() {
  dataplane::Config config;
  config.ports.resize(3);
  config.ports[0].name = "inside";
  config.ports[1].name = "outside";
  config.ports[2].name = "dmz";
  return config;
}

std::uint32_t be(const char* address) { return inet_addr(address); }

// 10.80.1.5:4000 to 198.51.100.7:443 by rule 10, translated to 10.80.2.1:5000, opened 90 s ago.
region::Session some_session() {
  region::Session session{};
  session.forward = {be("10.80.1.5"), be("198.51.100.7"), htons(4000), htons(443), IPPROTO_TCP, {}};
  session.reply = {be("198.51.100.7"), be("10.80.2.1"), htons(443), htons(5000), IPPROTO_TCP, {}};
  session.rule_id = 10;
  session.state = SessionState::established;
  session.initiator_port = 0;
  session.responder_port = 1;
  return session;
}

bool is_meant(const mgmt::SessionFilter& words) {
  const auto filter = appliance::session_filter(words, three_ports());
  if (!filter) FAIL(filter.error().message);
  return filter->matches(some_session(), 90 * kSecond);
}

std::string refused(const mgmt::SessionFilter& words) {
  const auto filter = appliance::session_filter(words, three_ports());
  REQUIRE_FALSE(filter.has_value());
  CHECK(filter.error().code == Errc::invalid_argument);
  return filter.error().message;
}

}  // namespace

TEST_CASE("a session is meant by each of its traits, and by none that another one has") {
  CHECK(is_meant({}));
  CHECK(is_meant({.protocol = "tcp"}));
  CHECK_FALSE(is_meant({.protocol = "esp"}));
  for (const char* source : {"10.80.1.5", "10.80.1.0/24", "10.80.1.77/24", "0.0.0.0/0", "10.80.1.5/32"})
    CHECK(is_meant({.source = source}));
  for (const char* source : {"10.80.1.6", "10.80.2.1", "198.51.100.7", "10.80.0.0/24"})
    CHECK_FALSE(is_meant({.source = source}));
  CHECK(is_meant({.destination = "198.51.100.0/28"}));
  CHECK_FALSE(is_meant({.destination = "10.80.1.5"}));
  for (const char* either : {"10.80.1.5", "198.51.100.7", "10.80.2.1", "10.80.2.0/30"})
    CHECK(is_meant({.address = either}));
  CHECK_FALSE(is_meant({.address = "10.80.3.0/24"}));
  for (const std::uint32_t port : {4000u, 443u, 5000u}) CHECK(is_meant({.port = port}));
  CHECK_FALSE(is_meant({.port = 80}));
  CHECK(is_meant({.state = "established"}));
  CHECK_FALSE(is_meant({.state = "opening"}));
  CHECK(is_meant({.rule = 10}));
  CHECK_FALSE(is_meant({.rule = 11}));
  CHECK(is_meant({.interface = "inside"}));
  CHECK(is_meant({.interface = "outside"}));
  CHECK_FALSE(is_meant({.interface = "dmz"}));
  CHECK(is_meant({.min_age_s = 90}));
  CHECK_FALSE(is_meant({.min_age_s = 91}));
}

TEST_CASE("a network is of its family alone, and an IPv6 session is meant by its traits") {
  region::Session6 session{};
  const auto address = [](const char* text) {
    std::array<std::uint8_t, 16> bytes{};
    REQUIRE(inet_pton(AF_INET6, text, bytes.data()) == 1);
    return bytes;
  };
  session.forward.source = session.reply.destination = address("2001:db8:1::5");
  session.forward.destination = session.reply.source = address("2001:db8:2::7");
  session.forward.source_port_be = session.reply.destination_port_be = htons(4000);
  session.forward.destination_port_be = session.reply.source_port_be = htons(443);
  session.forward.protocol = session.reply.protocol = IPPROTO_TCP;
  session.state = SessionState::established;
  const auto is_meant6 = [&](const mgmt::SessionFilter& words) {
    return appliance::session_filter(words, three_ports())->matches(session, kSecond);
  };
  CHECK(is_meant6({}));
  for (const char* source : {"2001:db8:1::5", "2001:db8:1::/64", "2001:db8:1::77/64", "::/0"})
    CHECK(is_meant6({.source = source}));
  for (const char* source : {"2001:db8:1::6", "2001:db8:2::/64", "0.0.0.0/0", "10.80.1.5"})
    CHECK_FALSE(is_meant6({.source = source}));
  CHECK_FALSE(is_meant({.source = "::/0"}));
  CHECK(is_meant6({.destination = "2001:db8:2::/48"}));
  CHECK(is_meant6({.address = "2001:db8:2::7", .port = 443}));
  CHECK_FALSE(is_meant6({.address = "2001:db8:3::/64"}));
  CHECK(is_meant6({.protocol = "tcp"}));
  CHECK_FALSE(is_meant6({.protocol = "icmpv6"}));
}

TEST_CASE("what is named together is meant together") {
  CHECK(is_meant({.protocol = "tcp", .source = "10.80.1.5", .port = 443, .rule = 10}));
  CHECK_FALSE(is_meant({.protocol = "tcp", .source = "10.80.1.5", .port = 443, .rule = 11}));
  CHECK_FALSE(is_meant({.protocol = "udp", .source = "10.80.1.5", .port = 443, .rule = 10}));
}

TEST_CASE("words that mean nothing are refused, by what they are") {
  CHECK(refused({.protocol = "sctp"}) == "'sctp' is none of esp, gre, icmp, icmpv6, tcp, udp");
  CHECK(refused({.state = "free"}) == "'free' is none of closing, established, opening");
  for (const char* network : {"nowhere", "10.80.1", "10.80.1.0/33", "10.80.1.0/", "10.80.1.0/x",
                              "10.80.1.0/-1", "2001:db8::/129", "2001:db8::g", "::ffff:10.80.1.5"})
    CHECK(refused({.source = network}) ==
          "'" + std::string(network) + "' is no IPv4 or IPv6 address and no ADDRESS/LENGTH");
  CHECK(refused({.port = 65536}) == "port 65536 is not from 1 to 65535");
  CHECK(refused({.interface = "attic"}) == "'attic' is no port of this node");
}

TEST_CASE("a binding is meant by each of its traits, and by none that another one has") {
  dataplane::Config config;
  config.source_nat.resize(3);
  region::Binding binding{};
  binding.internal = {be("10.80.1.5"), htons(4000), IPPROTO_UDP, 5, 0};
  binding.external = {be("10.80.2.1"), htons(5000), IPPROTO_UDP, 0, 0};
  const auto is_meant = [&](const mgmt::BindingFilter& words) {
    const auto filter = appliance::binding_filter(words, config);
    if (!filter) FAIL(filter.error().message);
    return filter->matches(binding, 2);
  };
  CHECK(is_meant({}));
  CHECK(is_meant({.protocol = "udp"}));
  CHECK_FALSE(is_meant({.protocol = "tcp"}));
  CHECK(is_meant({.inside = "10.80.1.0/24"}));
  CHECK_FALSE(is_meant({.inside = "10.80.2.1"}));
  CHECK(is_meant({.outside = "10.80.2.1"}));
  CHECK_FALSE(is_meant({.outside = "10.80.1.5"}));
  for (const char* either : {"10.80.1.5", "10.80.2.0/30"}) CHECK(is_meant({.address = either}));
  CHECK_FALSE(is_meant({.address = "10.80.3.0/24"}));
  for (const std::uint32_t port : {4000u, 5000u}) CHECK(is_meant({.port = port}));
  CHECK_FALSE(is_meant({.port = 443}));
  CHECK(is_meant({.entry = 3}));
  CHECK_FALSE(is_meant({.entry = 2}));
  const auto refused = [&](const mgmt::BindingFilter& words) {
    return appliance::binding_filter(words, config).error().message;
  };
  CHECK(refused({.protocol = "gre"}) == "'gre' is none of icmp, tcp, udp");
  CHECK(refused({.outside = "2001:db8::/32"}) == "'2001:db8::/32' is of IPv6; bindings are of IPv4 alone");
  CHECK(refused({.inside = "10.80.1"}) == "'10.80.1' is no IPv4 or IPv6 address and no ADDRESS/LENGTH");
  CHECK(refused({.entry = 4}) == "source_nat has no entry 4; expected up to 3");
}
