// A link that is slow, lossy or dead in one direction, by the fault's text.
#include "tests/rig/faults/relay_fault.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <poll.h>

#include "tests/rig/faults/catalogue.h"
#include "tests/rig/topology/space.h"
#include "tests/unit/rig/harmless_pair.h"

namespace stillwater::rig {
namespace {

const Impairment& impairment(const Result<RelayRequest>& request, LinkWay way) {
  REQUIRE(request);
  const auto& found = request->by_way[static_cast<std::size_t>(way)];
  REQUIRE(found);
  return *found;
}

// A raw socket at one end of a link, and whether a marked frame comes across.
class End {
 public:
  End(const Topology& topology, const std::string& space, const std::string& interface) {
    REQUIRE(inside_space(topology.space(space).fd(), [&]() -> Status {
      socket_.reset(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(kType)));
      sockaddr_ll at{};
      at.sll_family = AF_PACKET;
      at.sll_protocol = htons(kType);
      at.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
      if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0) return {};
      return fail_errno("cannot bind to " + interface, errno);
    }));
  }
  void send_frame() const {
    std::array<unsigned char, 64> frame{};
    std::memset(frame.data(), 0xff, 6);
    frame[12] = kType >> 8;
    frame[13] = kType & 0xff;
    REQUIRE(send(socket_.get(), frame.data(), frame.size(), 0) == 64);
  }
  [[nodiscard]] bool hears(int limit_ms) const {
    pollfd news{socket_.get(), POLLIN, 0};
    if (poll(&news, 1, limit_ms) != 1) return false;
    std::array<char, 128> bytes{};
    return recv(socket_.get(), bytes.data(), bytes.size(), 0) == 64;
  }

 private:
  static constexpr unsigned short kType = 0x88b5;  // for local experiments
  UniqueFd socket_;
};

}  // namespace

TEST_CASE("a slow link is described by its words, the same in both directions") {
  const auto request = parse_slow(
      ActiveLink::replication, "delay=5ms,jitter=500us,loss=1%,duplicate=0.5%,reorder=2%,rate=10mbit,for=2s");
  for (const LinkWay way : {LinkWay::to_active, LinkWay::from_active}) {
    const Impairment& it = impairment(request, way);
    CHECK(it.delay == 5ms);
    CHECK(it.jitter == 500us);
    CHECK(it.lose.probability == Approx(0.01));
    CHECK(it.duplicate.probability == Approx(0.005));
    CHECK(it.reorder.probability == Approx(0.02));
    CHECK(it.rate_bits_per_s == 10'000'000);
  }
  CHECK(request->heals_after == 2s);
  CHECK(request->name == "slow-replication");
  CHECK_FALSE(parse_slow(ActiveLink::inside, "delay=1ms")->heals_after);
}

TEST_CASE(
    "a slow replication link must cost nothing; a data link that drops loses service, one that delays does "
    "not") {
  CHECK_FALSE(parse_slow(ActiveLink::replication, "loss=50%")->expectation.loses_service);
  CHECK_FALSE(parse_slow(ActiveLink::inside, "delay=50ms")->expectation.loses_service);
  CHECK(parse_slow(ActiveLink::inside, "loss=1%")->expectation.lossy);
  CHECK(parse_slow(ActiveLink::outside, "rate=1mbit")->expectation.lossy);
  CHECK(parse_one_way(ActiveLink::inside, "to-active")->expectation.successor);
  CHECK_FALSE(parse_one_way(ActiveLink::replication, "to-active")->expectation.loses_service);
}

TEST_CASE("one direction is dead, the other stays as it is") {
  const auto to_active = parse_one_way(ActiveLink::outside, "to-active");
  CHECK(impairment(to_active, LinkWay::to_active).cut);
  CHECK_FALSE(to_active->by_way[static_cast<std::size_t>(LinkWay::from_active)]);
  const auto away = parse_one_way(ActiveLink::replication, "to-standby,for=1s");
  CHECK(impairment(away, LinkWay::from_active).cut);
  CHECK(away->heals_after == 1s);
}

TEST_CASE("what a link cannot have is refused with what it can") {
  const auto [fault, says] = GENERATE(table<std::string, std::string>({
      {"slow-inside:", "does nothing"},
      {"slow-inside:for=2s", "does nothing"},
      {"slow-inside:delay", "lacks a value"},
      {"slow-inside:delay=fast", "\"fast\" is no duration"},
      {"slow-inside:loss=2", "\"2\" is no share"},
      {"slow-inside:loss=101%", "\"101%\" is no share"},
      {"slow-inside:rate=10", "\"10\" is no rate"},
      {"slow-inside:rate=0mbit", "\"0mbit\" is no rate"},
      {"slow-inside:delay=1ms,delay=2ms", "named twice"},
      {"slow-inside:colour=red", "\"colour\" is nothing that a link can have"},
      {"slow-inside:delay=1ms,for=ever", "\"ever\" is no duration"},
      {"slow-middle", "no fault \"slow-middle\""},
      {"one-way-inside:up", "\"up\" is no direction; expected to-active or from-active"},
      {"one-way-inside:to-standby", "is no direction"},
      {"one-way-replication:to-active,loss=1%", "a direction and for=2s alone"},
      {"one-way-replication:to-active,", "a direction and for=2s alone"},
  }));
  CAPTURE(fault);
  const Status known = check_fault(fault);
  REQUIRE_FALSE(known);
  CHECK_THAT(known.error().message, Catch::Contains(says));
}

TEST_CASE("only the links that a schedule impairs get a relay") {
  CHECK(relayed_links("none")->empty());
  CHECK(relayed_links("kill + cut-inside@20ms")->empty());
  CHECK(*relayed_links("slow-inside + one-way-replication:to-active@20ms") ==
        std::set{ActiveLink::inside, ActiveLink::replication});
  CHECK_FALSE(relayed_links("slow-inside:loss=x"));
}

TEST_CASE("a relay that is not there is said before anything happens") {
  HarmlessPair pair("/tmp/unused", false);
  Plan plan = pair.plan();
  auto links = RelayedLinks::splice(plan, pair.node(NodeId::active), {});
  REQUIRE(links);
  CHECK(links->empty());
  CHECK_FALSE(links->set(ActiveLink::inside, LinkWay::to_active, {}));
  Node bare{.space = "active"};
  CHECK_FALSE(RelayedLinks::splice(plan, bare, {ActiveLink::inside}));
}

TEST_CASE("one direction of a real link falls silent and speaks again") {
  HarmlessPair pair("/tmp/unused", false);
  Plan plan = pair.plan();
  // As the active is the link's other end, the relay has to find out which side is its own.
  const bool turned = GENERATE(false, true);
  if (turned) std::swap(plan.links[0].a, plan.links[0].b);
  auto links = RelayedLinks::splice(plan, pair.node(NodeId::active), {ActiveLink::inside});
  REQUIRE(links);
  const auto topology = Topology::build(plan, own_prefix());
  REQUIRE(topology);
  REQUIRE(links->start(*topology, 1));
  auto fault = make_fault("one-way-inside:to-active", {pair, *topology, &*links});
  REQUIRE(fault);
  REQUIRE((*fault)->prepare());
  const End active(*topology, "active", "in0");
  const End net(*topology, "net", "in0-active");
  const auto crosses = [](const End& from, const End& to, int limit_ms) {
    from.send_frame();
    return to.hears(limit_ms);
  };
  CHECK(crosses(net, active, 10000));
  REQUIRE((*fault)->strike());
  CHECK_FALSE(crosses(net, active, 50));
  CHECK(crosses(active, net, 10000));
  CHECK(links->dropped_as_asked() == 1);
  REQUIRE((*fault)->heal());
  CHECK(crosses(net, active, 10000));
  CHECK(links->own_losses().empty());
  CHECK(links->trouble().empty());
}

}  // namespace stillwater::rig
