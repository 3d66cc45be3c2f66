// Whatever is cut is put together again, byte for byte.
#include <catch2/catch.hpp>

#include "dataplane/datapath/fragments/fragment.h"
#include "tests/unit/dataplane/assembler.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

using Kind = Reassembled::Kind;

void shuffle(Random& random, std::vector<rte_mbuf*>& frames) {
  for (std::size_t i = frames.size(); i > 1; --i) std::swap(frames[i - 1], frames[random() % i]);
}

Bytes random_options(Random& random) {
  Bytes options;
  for (unsigned n = random() % 4; n > 0; --n) {
    constexpr std::uint8_t kTypes[] = {0x44, 0x94, 0x82, 7, 1};
    const std::uint8_t type = kTypes[random() % std::size(kTypes)];
    options.push_back(type);
    if (type == 1) continue;
    const std::size_t body = random() % 8;
    options.push_back(static_cast<std::uint8_t>(body + 2));
    for (const std::uint8_t byte : random_bytes(random, body)) options.push_back(byte);
  }
  options.resize((options.size() + 3) / 4 * 4, 0);
  return options;
}

struct RoundTrip : Assembler {
  explicit RoundTrip(std::uint32_t seed) : random(seed) {}

  [[nodiscard]] std::size_t payload_bytes(unsigned mtu) {
    const unsigned most = std::min(65000u, (mtu - 100) * 50);
    return random() % 3 == 0 ? random() % 100 : random() % most;
  }
  [[nodiscard]] std::uint16_t segment_bytes() {
    return static_cast<std::uint16_t>(random() % 2 == 0 ? 2048 : 200 + random() % 1800);
  }
  // Takes `mbuf`.
  template <class Cut>
  [[nodiscard]] std::vector<rte_mbuf*> cut(rte_mbuf* mbuf, unsigned mtu, Cut with) {
    Fragments fragments;
    REQUIRE_FALSE(with(*mbuf, fragments));
    free(mbuf);
    for (const rte_mbuf* fragment : fragments) CHECK(fragment->pkt_len <= RTE_ETHER_HDR_LEN + mtu);
    return {fragments.begin(), fragments.end()};
  }
  [[nodiscard]] std::vector<rte_mbuf*> cut4(rte_mbuf* mbuf, unsigned mtu) {
    return cut(mbuf, mtu, [&](const rte_mbuf& frame, Fragments& out) {
      return fragment_ipv4(pool, frame, static_cast<std::uint16_t>(mtu), out);
    });
  }
  [[nodiscard]] std::vector<rte_mbuf*> cut6(rte_mbuf* mbuf, unsigned mtu) {
    return cut(mbuf, mtu, [&](const rte_mbuf& frame, Fragments& out) {
      return fragment_ipv6(pool, frame, static_cast<std::uint16_t>(mtu), random(), out);
    });
  }

  // Frames of one datagram come in any order, some of them twice.
  void check_whole(std::vector<rte_mbuf*> frames, const Bytes& expected, bool is_ipv4) {
    shuffle(random, frames);
    unsigned in_hand = static_cast<unsigned>(frames.size());
    agent.join(in_hand);  // each is given back when it arrives
    for (rte_mbuf* mbuf : frames) {
      agent.adopt(1);
      --in_hand;
      const bool twice = in_hand > 0 && random() % 4 == 0;
      const Bytes again = twice ? bytes_of(*mbuf) : Bytes{};
      CHECK(add(mbuf, is_ipv4, 0) == (in_hand == 0 ? Kind::whole : Kind::taken));
      if (twice) CHECK(add(again) == Kind::refused);
    }
    CHECK(datagram == expected);
    CHECK(all_back());
  }

  Random random;
};

}  // namespace

TEST_CASE("an IPv4 packet with any options that is cut for any MTU is the same again") {
  const auto seed = GENERATE(range(1u, 120u));
  CAPTURE(seed);
  RoundTrip trip(seed);
  const unsigned mtu = 120 + trip.random() % 1900;
  CAPTURE(mtu);
  const Ipv4Packet packet{.payload = random_bytes(trip.random, trip.payload_bytes(mtu)),
                          .options = random_options(trip.random)};
  const Bytes bytes = frame_of(packet);
  trip.check_whole(trip.cut4(trip.frame(bytes, trip.segment_bytes()), mtu), bytes, true);
}

TEST_CASE("fragments that are cut once more are the same again") {
  const auto seed = GENERATE(range(1u, 60u));
  CAPTURE(seed);
  RoundTrip trip(seed);
  const unsigned mtu = 600 + trip.random() % 1400;
  const unsigned smaller = 200 + trip.random() % 400;
  CAPTURE(mtu, smaller);
  const Ipv4Packet packet{.payload = random_bytes(trip.random, trip.random() % 6000),
                          .options = random_options(trip.random)};
  const Bytes bytes = frame_of(packet);
  std::vector<rte_mbuf*> all;
  for (rte_mbuf* fragment : trip.cut4(trip.frame(bytes), mtu)) {
    const auto pieces = trip.cut4(fragment, smaller);
    all.insert(all.end(), pieces.begin(), pieces.end());
  }
  REQUIRE(all.size() <= 64);
  trip.check_whole(all, bytes, true);
}

TEST_CASE("an IPv6 packet with any extension headers that is cut for any MTU is the same again") {
  const auto seed = GENERATE(range(1u, 120u));
  CAPTURE(seed);
  RoundTrip trip(seed);
  const unsigned mtu = 1280 + trip.random() % 700;
  CAPTURE(mtu);
  const auto body = [&] { return random_bytes(trip.random, 6 + trip.random() % 6 * 8); };
  Ipv6Packet packet{.payload = random_bytes(trip.random, mtu + trip.random() % (mtu * 30)),
                    .next = IPPROTO_ICMPV6,
                    .traffic_class = static_cast<std::uint8_t>(trip.random())};
  if (trip.random() % 2 == 0) packet.extensions.push_back({IPPROTO_HOPOPTS, body()});
  if (trip.random() % 2 == 0) packet.extensions.push_back({IPPROTO_DSTOPTS, body()});
  if (trip.random() % 2 == 0) packet.extensions.push_back({IPPROTO_ROUTING, body()});
  if (trip.random() % 2 == 0) packet.extensions.push_back({IPPROTO_DSTOPTS, body()});
  const Bytes bytes = frame_of(packet);
  trip.check_whole(trip.cut6(trip.frame(bytes, 1000 + trip.random() % 1048), mtu), bytes, false);
}

TEST_CASE("the longest datagrams of both families are cut and put together") {
  RoundTrip trip(1);
  const Bytes four = frame_of(Ipv4Packet{.payload = random_bytes(trip.random, 65515)});
  trip.check_whole(trip.cut4(trip.frame(four), 1280), four, true);
  const Bytes six = frame_of(Ipv6Packet{.payload = random_bytes(trip.random, 65535), .next = IPPROTO_ICMPV6});
  trip.check_whole(trip.cut6(trip.frame(six), 1280), six, false);
}

TEST_CASE("a datagram of fragments is cut again as it lies in its segments") {
  RoundTrip trip(2);
  const Bytes packet = frame_of(Ipv4Packet{.payload = random_bytes(trip.random, 4000)});
  rte_mbuf* whole = nullptr;
  for (rte_mbuf* fragment : trip.cut4(trip.frame(packet), 576)) {
    const Reassembled result = trip.reassembly.add_ipv4(fragment, 0, trip.now);
    if (result.kind == Kind::whole) whole = result.datagram;
  }
  REQUIRE(whole != nullptr);
  CHECK(whole->nb_segs == 8);
  CHECK(trip.agent.in_flight() == 1);
  trip.check_whole(trip.cut4(whole, 999), packet, true);
}
