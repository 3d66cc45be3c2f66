// What NAT promises hosts inside and remotes outside, one promise a case.
#include "ckpt_engine/region/binding_table.h"
#include "tests/unit/dataplane/nat_network.h"

namespace stillwater::dataplane {
namespace {

SourceNatConfig plain() { return {.from = {"inside"}, .to = {"outside"}, .address = kPool}; }

}  // namespace

TEST_CASE("an endpoint inside is seen as one endpoint outside, whoever it speaks to (RFC 4787 REQ-1)") {
  NatNetwork n(GENERATE(1u, 2u));
  n.begin();
  const auto first = n.out({host(0), remote(0), 4000, 53});
  REQUIRE(first);
  CHECK(first->source == kPool);
  for (unsigned r = 0; r < NatNetwork::kRemotes; ++r)
    for (std::uint16_t port = 53; port < 60; ++port) {
      const auto next = n.out({host(0), remote(r), 4000, port}, port % n.config.workers);
      REQUIRE(next == UdpFlow{kPool, remote(r), first->source_port, port});
    }
  const auto other = n.out({host(1), remote(0), 4000, 53});
  REQUIRE(other);
  CHECK(other->source_port != first->source_port);
  CHECK(other->source_port % 2 == 0);  // REQ-4: its parity
}

TEST_CASE("mapping: per_session gives each session a port of its own") {
  NatNetwork n;
  n.config.source_nat[0].mapping = NatMapping::per_session;
  n.begin();
  const auto first = n.out({host(0), remote(0), 4000, 53});
  const auto second = n.out({host(0), remote(1), 4000, 53});
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->source_port != second->source_port);
}

TEST_CASE("a host keeps its address of a pool, and hosts spread over it (RFC 4787 REQ-2)") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.source_nat[0].pool = {{kPool, kPool + 1}, {kPool + 5, kPool + 6}};
  n.begin();
  std::vector<std::uint32_t> seen;
  for (unsigned h = 0; h < NatNetwork::kHosts; ++h) {
    const auto first = n.out({host(h), remote(0), 4000, 53});
    REQUIRE(first);
    seen.push_back(first->source);
    for (std::uint16_t port = 4001; port < 4010; ++port)
      REQUIRE(n.out({host(h), remote(1), port, 53})->source == first->source);
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::uint32_t>{kPool, kPool + 1, kPool + 5, kPool + 6});
}

TEST_CASE("the first entry that matches decides, and may be an exception") {
  NatNetwork n;
  n.config.source_nat = {
      {.from = {"inside"}, .to = {"outside"}, .sources = {{host(1), 32}}, .translates = false},
      {.from = {"inside"}, .to = {"outside"}, .address = kPool + 1, .sources = {{host(2), 32}}},
      plain()};
  n.begin();
  CHECK(n.out({host(0), remote(0), 4000, 53})->source == kPool);
  CHECK(n.out({host(1), remote(0), 4000, 53})->source == host(1));
  CHECK(n.out({host(2), remote(0), 4000, 53})->source == kPool + 1);
}

TEST_CASE("filtering decides whose packets a binding lets in (RFC 4787 REQ-8)") {
  const auto filtering = GENERATE(NatFiltering::endpoint_independent, NatFiltering::address_dependent,
                                  NatFiltering::address_and_port_dependent);
  NatNetwork n(GENERATE(1u, 2u));
  n.config.source_nat[0].filtering = filtering;
  n.begin();
  const auto sent = n.out({host(0), remote(0), 4000, 53});
  REQUIRE(sent);
  const std::uint16_t port = sent->source_port;
  CHECK(n.in({remote(0), kPool, 53, port}) == UdpFlow{remote(0), host(0), 53, 4000});
  const bool by_address = filtering != NatFiltering::address_and_port_dependent;
  const bool anybody = filtering == NatFiltering::endpoint_independent;
  CHECK(n.in({remote(0), kPool, 54, port}).has_value() == by_address);
  CHECK(n.in({remote(1), kPool, 53, port}).has_value() == anybody);
  const auto unbound = static_cast<std::uint16_t>(port + 100);
  CHECK_FALSE(n.in({remote(0), kPool, 53, unbound}));
  CHECK(n.drops_of("nat_filtered") == (anybody ? 0 : by_address ? 1 : 2));
  // What came in is answered.
  if (anybody) CHECK(n.out({host(0), remote(1), 4000, 53}) == UdpFlow{kPool, remote(1), port, 53});
}

TEST_CASE("a rule that denies holds for what filtering would let in") {
  NatNetwork n;
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.config.rules.push_back({.id = 20,
                            .action = RuleAction::deny,
                            .from = {"outside"},
                            .source = {{IpAddress::v4(htonl(remote(1))), 32}}});
  n.begin();
  const auto sent = n.out({host(0), remote(0), 4000, 53});
  REQUIRE(sent);
  CHECK_FALSE(n.in({remote(1), kPool, 53, sent->source_port}));
  CHECK(n.in({remote(2), kPool, 53, sent->source_port}));
  CHECK(n.drops_of("denied_by_rule") == 1);
}

TEST_CASE("hosts inside reach each other by their endpoints outside, and see these (RFC 4787 REQ-9)") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  for (std::uint16_t i = 0; i < 20; ++i) {  // whichever workers have the two
    const auto a = static_cast<std::uint16_t>(4000 + i), b = static_cast<std::uint16_t>(5000 + i);
    const auto a_out = n.out({host(0), remote(0), a, 53});
    const auto b_out = n.out({host(1), remote(0), b, 53});
    REQUIRE(a_out);
    REQUIRE(b_out);
    for (unsigned queue = 0; queue < n.config.workers; ++queue) {
      REQUIRE(n.across({host(0), kPool, a, b_out->source_port}, queue) ==
              UdpFlow{kPool, host(1), a_out->source_port, b});
      REQUIRE(n.across({host(1), kPool, b, a_out->source_port}, queue) ==
              UdpFlow{kPool, host(0), b_out->source_port, a});
    }
  }
}

TEST_CASE("a packet that turned back to another worker waits for what it depends on") {
  NatNetwork n(2);
  n.config.output_commit = OutputCommit::new_state;
  n.config.hold_packets_max = 64;
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  std::vector<std::uint16_t> bound;
  for (std::uint16_t i = 0; i < 6; ++i)
    bound.push_back(n.out({host(1), remote(0), static_cast<std::uint16_t>(5000 + i), 53})->source_port);
  n.epochs.set_committed(0);
  for (std::uint16_t i = 0; i < 6; ++i)
    CHECK_FALSE(n.across({host(0), kPool, static_cast<std::uint16_t>(4000 + i), bound[i]}));
  CHECK(n.dataplane->held_packets() == 6);
}

TEST_CASE("what leads to nobody inside is not turned back") {
  NatNetwork n;
  n.begin();
  CHECK_FALSE(n.across({host(0), kPool, 4000, 6000}));
  CHECK(n.dataplane->sessions_in_use() == 0);
  CHECK(n.drops_of("not_served") == 1);
}

TEST_CASE("a host does not reach itself by its own endpoint outside, and nothing stays of the attempt") {
  NatNetwork n;
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  const auto sent = n.out({host(0), remote(0), 4000, 53});
  REQUIRE(sent);
  CHECK_FALSE(n.across({host(0), kPool, 4000, sent->source_port}));
  CHECK(n.dataplane->sessions_in_use() == 1);
  CHECK(n.drops_of("session_conflict") == 1);
}

TEST_CASE("a port forward leads inside, and hosts inside reach it by its address outside") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.destination_nat = {{.from = {"outside"},
                               .address = kPool,
                               .protocol = IPPROTO_UDP,
                               .ports = {8000, 8009},
                               .to = host(1),
                               .to_ports = 80}};
  n.config.rules.push_back({.id = 20,
                            .action = RuleAction::allow,
                            .from = {"outside"},
                            .to = {"inside"},
                            .destination = {{IpAddress::v4(htonl(host(1))), 32}},
                            .services = {{.protocol = IPPROTO_UDP, .destination_ports = {{80, 84}}}}});
  n.begin();
  for (std::uint16_t i = 0; i < 5; ++i) {
    const auto to = static_cast<std::uint16_t>(8000 + i), at = static_cast<std::uint16_t>(80 + i);
    for (unsigned queue = 0; queue < n.config.workers; ++queue) {
      REQUIRE(n.in({remote(0), kPool, 3000, to}, queue) == UdpFlow{remote(0), host(1), 3000, at});
      REQUIRE(n.out({host(1), remote(0), at, 3000}, queue) == UdpFlow{kPool, remote(0), to, 3000});
    }
    const auto turned = n.across({host(0), kPool, 4000, to});
    REQUIRE(turned);
    CHECK(turned->source == kPool);
    CHECK(turned->destination == host(1));
    CHECK(turned->destination_port == at);
    REQUIRE(n.across({host(1), kPool, at, turned->source_port}) == UdpFlow{kPool, host(0), to, 4000});
  }
  CHECK_FALSE(n.in({remote(0), kPool, 3000, 8005}));  // the rule sees where it leads
  CHECK(n.drops_of("no_rule") == 1);
  // Nobody is bound to a port that is forwarded.
  for (unsigned h = 0; h < NatNetwork::kHosts; ++h) {
    const auto sent = n.out({host(h), remote(0), 8004, 53});
    REQUIRE(sent);
    CHECK((sent->source_port < 8000 || sent->source_port > 8009));
  }
}

TEST_CASE("one to one: both directions, ports as they are, inside hosts as well") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.static_nat = {
      {.at = {"outside"}, .outside = {ipv4(10, 80, 2, 16), 28}, .inside = {ipv4(10, 80, 1, 0), 28}}};
  n.config.rules.push_back({.id = 20, .action = RuleAction::allow, .from = {"outside"}, .to = {"inside"}});
  n.begin();
  const std::uint32_t seen = ipv4(10, 80, 2, 16) + 2;  // of host(0)
  CHECK(n.out({host(0), remote(0), 7, 9}) == UdpFlow{seen, remote(0), 7, 9});
  CHECK(n.in({remote(0), seen, 9, 7}) == UdpFlow{remote(0), host(0), 9, 7});
  CHECK(n.in({remote(1), seen + 1, 5, 6}) == UdpFlow{remote(1), host(1), 5, 6});
  CHECK(n.out({host(1), remote(1), 6, 5}) == UdpFlow{seen + 1, remote(1), 6, 5});
  CHECK(n.across({host(0), seen + 1, 70, 90}) == UdpFlow{seen, host(1), 70, 90});
  CHECK(n.across({host(1), seen, 90, 70}) == UdpFlow{seen + 1, host(0), 90, 70});
}

TEST_CASE("an error about a packet that turned back finds the host that sent it (RFC 5508 REQ-7)") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  const auto b_out = n.out({host(1), remote(0), 5000, 53});
  REQUIRE(b_out);
  const UdpFlow sent{host(0), kPool, 4000, b_out->source_port};
  const auto turned = n.across(sent);
  REQUIRE(turned);
  const auto error = n.sent_after(icmp_error(kHostMac, kInMac, {host(1), turned->source, 0, 0}, *turned),
                                  n.inside, n.inside);
  REQUIRE(error);
  REQUIRE(is_icmp(*error));
  CHECK(quoted_by(*error) == sent);
  const auto* header = reinterpret_cast<const rte_ipv4_hdr*>(&(*error)[RTE_ETHER_HDR_LEN]);
  CHECK(ntohl(header->src_addr) == kPool);  // not the host that answered
  CHECK(ntohl(header->dst_addr) == host(0));
}

TEST_CASE("a host has as many bindings as it may, others are not concerned (RFC 6888 REQ-4)") {
  NatNetwork n;
  n.config.source_nat[0].ports_per_host = 3;
  n.begin();
  for (std::uint16_t port = 4000; port < 4003; ++port) CHECK(n.out({host(0), remote(0), port, 53}));
  CHECK_FALSE(n.out({host(0), remote(0), 4003, 53}));
  CHECK(n.out({host(0), remote(1), 4000, 53}));  // by a binding that it has
  CHECK(n.out({host(1), remote(0), 4000, 53}));
  CHECK(n.drops_of("nat_host_limit") == 1);
  n.dataplane->barrier().resume();
  REQUIRE(n.dataplane->end_sessions({.source = IpPrefix{IpAddress::v4(htonl(host(0))), 32}}).value() == 4);
  n.settle();
  for (std::uint16_t port = 4003; port < 4006; ++port) CHECK(n.out({host(0), remote(0), port, 53}));
  CHECK_FALSE(n.out({host(0), remote(0), 4007, 53}));
}

TEST_CASE("figures say how many ports of an address are taken, of how many") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.source_nat[0].ports = {2000, 2999};
  n.config.destination_nat = {
      {.from = {"outside"}, .address = kPool, .protocol = IPPROTO_UDP, .ports = {2990, 3100}, .to = host(1)}};
  n.begin();
  CHECK(n.dataplane->nat_pools().empty());
  for (std::uint16_t port = 4000; port < 4007; ++port) (void)n.out({host(0), remote(0), port, 53});
  const auto pools = n.dataplane->nat_pools();
  REQUIRE(pools.size() == 1);
  CHECK(pools[0].address == kPool);
  CHECK(pools[0].protocol == IPPROTO_UDP);
  CHECK(pools[0].taken == 7);
  CHECK(pools[0].ports == 990);
}

TEST_CASE("figures say how many sessions found no port, of each address and protocol") {
  NatNetwork n;
  n.config.source_nat[0].ports = {2000, 2001};
  n.begin();
  for (std::uint16_t port = 4000; port < 4005; ++port)
    CHECK(n.out({host(0), remote(0), port, 53}).has_value() == (port < 4002));
  const auto pools = n.dataplane->nat_pools();
  REQUIRE(pools.size() == 1);
  CHECK(pools[0].taken == 2);
  CHECK(pools[0].given == 2);
  CHECK(pools[0].refused == 3);
  CHECK(n.dataplane->nat_refused() == 3);
}

TEST_CASE("what comes in by a binding does not take the room of that binding's last session") {
  NatNetwork n;
  n.config.sessions_max = 16;
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  std::vector<std::uint16_t> ports;  // none is answered: the first has been opening for the longest
  for (std::uint16_t port = 4000; n.dataplane->sessions_in_use() < n.dataplane->sessions_max(); ++port) {
    const auto sent = n.out({host(0), remote(0), port, 53});
    REQUIRE(sent);
    ports.push_back(sent->source_port);
  }
  CHECK_FALSE(n.in({remote(1), kPool, 53, ports[0]}));
  CHECK(n.drops_of("sessions_full") == 1);
  CHECK(n.in({remote(1), kPool, 53, ports[1]}) == UdpFlow{remote(1), host(0), 53, 4001});
  CHECK(region::BindingTable(*n.region, 0).in_use() == ports.size() - 1);
  CHECK_FALSE(n.in({remote(1), kPool, 53, ports[0]}));  // it gave way
}

TEST_CASE("in a full table nobody gives way to a host that has as many ports as it may") {
  NatNetwork n;
  n.config.sessions_max = 16;
  SECTION("by number") { n.config.source_nat[0].ports_per_host = 3; }
  SECTION("by blocks") {
    n.config.source_nat[0].block_size = 64;
    n.config.source_nat[0].blocks_per_host = 1;
    n.config.sessions_max = 128;
  }
  n.begin();
  const auto most = static_cast<std::uint16_t>(n.config.source_nat[0].block_size != 0 ? 64 : 3);
  std::uint16_t port = 4000;
  for (std::uint16_t i = 0; i < most; ++i) REQUIRE(n.out({host(0), remote(0), port++, 53}));
  for (std::uint16_t far = 1000; n.dataplane->sessions_in_use() < n.dataplane->sessions_max(); ++far)
    REQUIRE(n.out({host(0), remote(1), 4000, far}));  // none is answered: all may give way
  for (int i = 0; i < 5; ++i) CHECK_FALSE(n.out({host(0), remote(0), port++, 53}));
  CHECK(n.drops_of("nat_host_limit") == 5);
  CHECK(n.dataplane->sessions_in_use() == n.dataplane->sessions_max());
  CHECK(n.out({host(0), remote(2), 4001, 53}));  // by a binding that it has: the oldest gives way
  CHECK(n.dataplane->sessions_in_use() == n.dataplane->sessions_max());
}

TEST_CASE("in a full table a hairpin opens nothing, and costs nobody a session") {
  NatNetwork n;
  n.config.sessions_max = 16;
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  const auto b_out = n.out({host(1), remote(0), 5000, 53});
  REQUIRE(b_out);
  std::vector<std::uint16_t> ports;
  for (std::uint16_t port = 4000; n.dataplane->sessions_in_use() < n.dataplane->sessions_max(); ++port) {
    REQUIRE(n.out({host(0), remote(0), port, 53}));
    ports.push_back(port);
  }
  for (int i = 0; i < 3; ++i) CHECK_FALSE(n.across({host(0), kPool, 4000, b_out->source_port}));
  CHECK(n.drops_of("sessions_full") == 3);
  CHECK(n.in({remote(0), kPool, 53, b_out->source_port}) == UdpFlow{remote(0), host(1), 53, 5000});
  n.dataplane->barrier().resume();
  for (const std::uint16_t port : ports)
    CHECK(n.dataplane->end_sessions({.port_be = htons(port)}).value_or(0) == 1);
}

TEST_CASE("a change of rules reaches who is spoken to by a binding") {
  NatNetwork n(GENERATE(1u, 2u));
  n.config.source_nat[0].filtering = NatFiltering::endpoint_independent;
  n.begin();
  const auto sent = n.out({host(0), remote(0), 4000, 53});
  REQUIRE(sent);
  const std::uint16_t port = sent->source_port;
  CHECK(n.in({remote(1), kPool, 53, port}) == UdpFlow{remote(1), host(0), 53, 4000});
  const auto let_out = [&](std::uint32_t id, std::uint32_t who) {
    n.dataplane->barrier().resume();
    REQUIRE(n.dataplane->replace_policy({{{.id = id,
                                           .action = RuleAction::allow,
                                           .from = {"inside"},
                                           .to = {"outside"},
                                           .source = {{IpAddress::v4(htonl(who)), 32}}}}}));
    n.settle();
  };
  SECTION("the same under another number: all goes on") {
    let_out(77, host(0));
    CHECK(n.in({remote(1), kPool, 53, port}));
    CHECK(n.in({remote(2), kPool, 53, port}));
  }
  SECTION("the same number lets another host out: nobody reaches this one any more") {
    let_out(n.config.rules[0].id, host(1));
    CHECK_FALSE(n.in({remote(1), kPool, 53, port}));
    CHECK_FALSE(n.in({remote(2), kPool, 53, port}));
    CHECK(n.dataplane->sessions_in_use() == 1);  // the one that nobody has spoken in since
  }
}

TEST_CASE("a table without room for a binding says so, and nothing is taken") {
  NatNetwork n;
  n.config.sessions_max = 64;
  n.begin();
  std::uint16_t port = 2000;
  for (; const auto sent = n.out({host(0), remote(0), port, 53}); ++port)  // answered, so that none gives way
    REQUIRE(n.in({remote(0), kPool, 53, sent->source_port}));
  CHECK(port == 2000 + 64);
  CHECK(n.drops_of("nat_bindings_full") + n.drops_of("sessions_full") == 1);
  CHECK(region::BindingTable(*n.region, 0).in_use() == 64);
}

}  // namespace stillwater::dataplane
