// An impairment does exactly what it says, frame by frame, and accounts for every frame.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/rig/relay/impaired_path.h"
#include "tests/rig/relay/splice.h"
#include "tests/unit/rig/frames.h"

namespace stillwater::rig {
namespace {

constexpr Instant kStart = 100s;

struct Delivery {
  unsigned number;
  Nanos after;  // since its slot at the offering end's beginning
  int copies;
  bool operator==(const Delivery&) const = default;
};

// Frames 0, 1, 2 ... of 100 bytes, one each `interval`.
void offer(ImpairedPath& path, unsigned count, Nanos interval = 1ms) {
  for (unsigned number = 0; number < count; ++number) {
    std::vector<std::byte> frame(100);
    frame[0] = static_cast<std::byte>(number);
    path.offer(frame, kStart + number * interval);
  }
}

// Everything that ever comes out, each at the time that the path itself asks for.
std::vector<Delivery> deliveries(ImpairedPath& path) {
  std::vector<Delivery> all;
  while (const auto due = path.next_due()) {
    CHECK_FALSE(path.take(*due - 1ns));
    while (const auto frame = path.take(*due)) {
      all.push_back({std::to_integer<unsigned>(frame->bytes[0]), *due - kStart, frame->copies});
      path.sent(*frame, frame->copies, *due);
    }
  }
  return all;
}

std::vector<unsigned> numbers(const std::vector<Delivery>& all) {
  std::vector<unsigned> found;
  for (const Delivery& it : all) found.push_back(it.number);
  return found;
}

ImpairedPath path_with(const Impairment& impairment, std::uint64_t seed = 7) {
  ImpairedPath path(seed);
  REQUIRE(check(impairment));
  path.set(impairment);
  return path;
}

}  // namespace

TEST_CASE("a fresh path hands on every frame at once, in order") {
  ImpairedPath path(1);
  offer(path, 3);
  CHECK(deliveries(path) == std::vector<Delivery>{{0, 0ms, 1}, {1, 1ms, 1}, {2, 2ms, 1}});
  CHECK(path.counts().forwarded == 3);
}

TEST_CASE("exactly the named frames are lost, counted from when the loss was set") {
  ImpairedPath path(1);
  offer(path, 5);
  deliveries(path);
  path.set({.lose = {.numbers = {3, 1}}});
  offer(path, 5);
  CHECK(numbers(deliveries(path)) == std::vector<unsigned>{0, 2, 4});
  CHECK(path.counts().lost == 2);
  CHECK(path.counts().offered == 10);
}

TEST_CASE("every third frame is lost") {
  auto path = path_with({.lose = {.every = 3}});
  offer(path, 7);
  CHECK(numbers(deliveries(path)) == std::vector<unsigned>{0, 1, 3, 4, 6});
}

TEST_CASE("loss by chance is near its probability, and the same again from the same seed") {
  const auto lost = [](std::uint64_t seed) {
    auto path = path_with({.lose = {.probability = 0.1}}, seed);
    offer(path, 250);
    return numbers(deliveries(path));
  };
  CHECK(lost(1) == lost(1));
  CHECK(lost(1) != lost(2));
  auto path = path_with({.lose = {.probability = 0.1}});
  for (int i = 0; i < 40; ++i) offer(path, 250);
  CHECK(path.counts().lost > 850);
  CHECK(path.counts().lost < 1150);
}

TEST_CASE("delay is added to each frame; jitter spreads it but never reorders") {
  SECTION("fixed") {
    auto path = path_with({.delay = 20ms});
    offer(path, 2);
    CHECK(deliveries(path) == std::vector<Delivery>{{0, 20ms, 1}, {1, 21ms, 1}});
  }
  SECTION("with jitter") {
    auto path = path_with({.delay = 20ms, .jitter = 5ms});
    offer(path, 100);
    const auto all = deliveries(path);
    REQUIRE(all.size() == 100);
    bool differs = false;
    for (unsigned i = 0; i < all.size(); ++i) {
      CHECK(all[i].number == i);
      CHECK(all[i].after >= i * 1ms + 15ms);
      CHECK(all[i].after <= i * 1ms + 25ms);
      differs = differs || all[i].after != i * 1ms + 20ms;
    }
    CHECK(differs);
  }
}

TEST_CASE("a rate spaces frames out, and its full queue drops the newest") {
  // 100 bytes take 1 ms; 2100 bytes may be on the line or wait for it.
  auto path = path_with({.rate_bits_per_s = 800'000, .queue_bytes = 2100});
  offer(path, 30, 0ns);
  const auto all = deliveries(path);
  REQUIRE(all.size() == 21);
  for (unsigned i = 0; i < all.size(); ++i) CHECK(all[i] == Delivery{i, (i + 1) * 1ms, 1});
  CHECK(path.counts().queue_full == 9);
}

TEST_CASE("a duplicated frame leaves twice") {
  auto path = path_with({.duplicate = {.numbers = {1}}});
  offer(path, 3);
  CHECK(deliveries(path) == std::vector<Delivery>{{0, 0ms, 1}, {1, 1ms, 2}, {2, 2ms, 1}});
  CHECK(path.counts().duplicated == 1);
  CHECK(path.counts().forwarded == 3);
}

TEST_CASE("a reordered frame waits until others have overtaken it") {
  SECTION("one") {
    auto path = path_with({.reorder = {.numbers = {1}}});
    offer(path, 4);
    CHECK(numbers(deliveries(path)) == std::vector<unsigned>{0, 2, 1, 3});
    CHECK(path.counts().reordered == 1);
  }
  SECTION("several, some way back") {
    auto path = path_with({.reorder = {.numbers = {0, 1}}, .reorder_behind = 2});
    offer(path, 5);
    CHECK(numbers(deliveries(path)) == std::vector<unsigned>{2, 3, 0, 1, 4});
    CHECK(path.counts().reordered == 2);
  }
  SECTION("the last one is not kept for ever, and nothing overtook it") {
    auto path = path_with({.reorder = {.numbers = {1}}});
    offer(path, 2);
    CHECK(deliveries(path) == std::vector<Delivery>{{0, 0ms, 1}, {1, 1ms + ImpairedPath::kHeldAtMost, 1}});
    CHECK(path.counts().reordered == 0);
  }
}

TEST_CASE("a cut loses what comes and what is under way, until it is mended") {
  auto path = path_with({.delay = 20ms, .reorder = {.numbers = {2}}});
  offer(path, 3);
  path.set({.cut = true});
  offer(path, 2);
  CHECK_FALSE(path.next_due());
  CHECK(path.counts().cut == 5);
  path.set({});
  offer(path, 1);
  CHECK(deliveries(path).size() == 1);
}

TEST_CASE("frames that the filter leaves alone are neither chosen nor counted, but delayed") {
  auto path =
      path_with({.delay = 5ms, .lose = {.numbers = {0, 2}}, .only = {.ip_protocol = 17, .port = 9000}});
  const auto arp = frames::arp(frames::mac(1), "10.0.0.1", "10.0.0.2");
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{9000, 9000, 9001, 9000}) {
    path.offer(arp, kStart);
    path.offer(frames::udp(frames::mac(1), "10.0.0.1", "10.0.0.2", port, 1), kStart);
  }
  CHECK(path.counts().lost == 2);
  const auto all = deliveries(path);
  REQUIRE(all.size() == 6);
  for (const Delivery& it : all) CHECK(it.after == 5ms);
}

TEST_CASE("a path that holds too much says that the loss was its own") {
  auto path = path_with({.delay = 10s});
  const std::vector<std::byte> frame(1 << 20);
  for (int i = 0; i < 70; ++i) path.offer(frame, kStart);
  CHECK(path.counts().overrun == 6);
}

TEST_CASE("an impairment that means nothing is refused") {
  CHECK_FALSE(check({.delay = -1ms}));
  CHECK_FALSE(check({.jitter = -1ms}));
  CHECK_FALSE(check({.rate_bits_per_s = 1000, .queue_bytes = 10}));
  CHECK_FALSE(check({.lose = {.probability = 1.5}}));
  CHECK_FALSE(check({.reorder_behind = 0}));
}

TEST_CASE("the counts are told by name") {
  const auto json = to_json(RelayCounts{.offered = 5, .forwarded = 3, .lost = 2, .latest = 1500ns});
  CHECK(json["offered"] == 5);
  CHECK(json["lost"] == 2);
  CHECK(json["latest_us"] == 1.5);
}

TEST_CASE("a relay is spliced into a link, whose ends keep what they had") {
  Plan plan;
  plan.spaces = {"x", "y"};
  plan.links = {{{.space = "x", .name = "other0"}, {.space = "y", .name = "other0"}},
                {{.space = "x", .name = "eth0", .address = "10.0.0.1/24"}, {.space = "y", .name = "eth9"}}};
  SECTION("in the place of the link") {
    REQUIRE(splice_relay(plan, "y", "eth9", "slow"));
    CHECK(plan.spaces == std::vector<std::string>{"x", "y", "slow"});
    REQUIRE(plan.links.size() == 3);
    CHECK(plan.links[1].a.address == "10.0.0.1/24");
    CHECK(plan.links[1].b.space == "slow");
    CHECK(plan.links[1].b.name == kRelayA);
    CHECK(plan.links[2].a.name == kRelayB);
    CHECK(plan.links[2].b.name == "eth9");
  }
  SECTION("not into a link that is not there, nor into a space that is") {
    CHECK_FALSE(splice_relay(plan, "y", "eth0", "slow"));
    CHECK_FALSE(splice_relay(plan, "y", "eth9", "x"));
    CHECK(plan.links.size() == 2);
  }
}

}  // namespace stillwater::rig
