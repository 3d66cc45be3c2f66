// Which datagrams count as the peer's heartbeats on a secured link.
#include "appliance/replication/heartbeat_keys.h"

#include <catch2/catch.hpp>

namespace stillwater::appliance {
namespace {

ConnectionSecret secret_of(std::uint8_t seed) {
  ConnectionSecret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(seed * 31 + i);
  return secret;
}

wire::Heartbeat beat_at(std::int64_t stamp_ns) {
  wire::Heartbeat beat{};
  beat.sender = 7;
  beat.stamp_ns = stamp_ns;
  wire::seal(beat);
  return beat;
}

HeartbeatKeys keys_with(std::initializer_list<std::uint8_t> seeds, std::uint8_t path = 0) {
  HeartbeatKeys keys(path);
  for (const std::uint8_t seed : seeds) keys.learn(secret_of(seed));
  return keys;
}

}  // namespace

TEST_CASE("a heartbeat sealed by a secret opens with the same secret only") {
  HeartbeatKeys sender = keys_with({1}), same = keys_with({1}), other = keys_with({2}), none(0);
  const auto datagram = sender.seal(beat_at(100));
  REQUIRE(datagram.has_value());
  CHECK_FALSE(other.open(*datagram));
  CHECK_FALSE(none.open(*datagram));
  CHECK_FALSE(keys_with({1}, 1).open(*datagram));  // recorded on the other path
  const auto opened = same.open(*datagram);
  REQUIRE(opened.has_value());
  CHECK(opened->stamp_ns == 100);
}

TEST_CASE("a heartbeat of one's own is known again, however old; one that was changed is not") {
  HeartbeatKeys keys = keys_with({1});
  const auto datagram = *keys.seal(beat_at(100));
  keys.learn(secret_of(2));
  REQUIRE(keys.open(*keys.seal(beat_at(200))));
  CHECK(keys.knows(datagram));
  CHECK(keys.knows(datagram));
  CHECK_FALSE(keys_with({3}).knows(datagram));
  CHECK_FALSE(keys.knows(std::span(datagram).first(sizeof(wire::Heartbeat))));
  auto changed = datagram;
  changed[20] ^= std::byte{1};
  CHECK_FALSE(keys.knows(changed));
}

TEST_CASE("nothing is sealed before a secret is known") { CHECK_FALSE(HeartbeatKeys(0).seal(beat_at(1))); }

TEST_CASE("one bit changed anywhere, or a byte too many or too few, and it does not open") {
  HeartbeatKeys keys = keys_with({1});
  const auto datagram = *keys.seal(beat_at(100));
  for (std::size_t bit = 0; bit < datagram.size() * 8; ++bit) {
    auto changed = datagram;
    changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    CHECK_FALSE(keys.open(changed));
  }
  std::vector<std::byte> longer(datagram.begin(), datagram.end());
  longer.push_back({});
  CHECK_FALSE(keys.open(longer));
  CHECK_FALSE(keys.open(std::span(datagram).first(datagram.size() - 1)));
  CHECK_FALSE(keys.open(std::span(datagram).first(sizeof(wire::Heartbeat))));
  CHECK(keys.open(datagram));
}

TEST_CASE("a heartbeat that is repeated or comes behind a newer one does not count again") {
  HeartbeatKeys keys = keys_with({1});
  const auto older = *keys.seal(beat_at(100)), newer = *keys.seal(beat_at(101));
  CHECK(keys.open(newer));
  CHECK_FALSE(keys.open(newer));
  CHECK_FALSE(keys.open(older));
}

TEST_CASE(
    "the newest secret seals, those of the connections before still open, and the oldest are forgotten") {
  HeartbeatKeys keys = keys_with({1, 2, 3, 4});
  for (std::uint8_t seed = 1; seed <= 4; ++seed) CHECK(keys.open(*keys_with({seed}).seal(beat_at(5))));
  CHECK(keys_with({4}).open(*keys.seal(beat_at(6))));
  keys.learn(secret_of(5));
  CHECK_FALSE(keys.open(*keys_with({1}).seal(beat_at(7))));
  CHECK(keys.open(*keys_with({5}).seal(beat_at(1))));  // each key counts its own stamps: a peer may restart
}

}  // namespace stillwater::appliance
