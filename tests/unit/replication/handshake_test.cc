// From a connection to two nodes that have met, or to the reason why not.
#include "appliance/replication/handshake.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <xxhash.h>

#include "appliance/replication/socket.h"
#include "ckpt_engine/wire/formats.h"
#include "tests/unit/replication/sockets.h"

namespace stillwater::appliance {
namespace {

using namespace test;
using Catch::Contains;
using Authority = mgmt::test::TestAuthority;

wire::Hello hello_of(const std::string& node) {
  wire::Hello hello{};
  hello.node = wire::padded<64>(node);
  return hello;
}

struct HandClock final : Clock {
  Instant at = 100s;
  [[nodiscard]] Instant now() const override { return at; }
};

struct Side {
  explicit Side(const Clock& its_clock, const std::string& node)
      : name(node),
        clock(its_clock),
        handshakes(
            clock, [node] { return hello_of(node); },
            [this](const std::string& why) { refusals.push_back(why); }) {}

  std::string name;
  const Clock& clock;
  std::vector<std::string> refusals;
  Handshakes handshakes;
};

// Both go on until both have met somebody, or nothing can change any more. Who was dialled answers any hello.
std::pair<std::optional<Met>, std::optional<Met>> meet(Side& dialler, Side& acceptor) {
  std::optional<Met> a, b;
  for (int step = 0; step < 1000 && (!a || !b); ++step) {
    if (auto met = dialler.handshakes.advance()) a = std::move(met);
    if (auto met = acceptor.handshakes.advance()) {
      REQUIRE(say_hello(*met->channel, hello_of(acceptor.name), acceptor.clock));
      b = std::move(met);
    }
  }
  return {std::move(a), std::move(b)};
}

void write_all(const UniqueFd& to, wire::Bytes bytes) {
  REQUIRE(write(to.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

// The frame as a release that writes this format would have made it.
std::vector<std::byte> in_format(int format, std::vector<std::byte> frame) {
  wire::FrameHeader header;
  std::memcpy(&header, frame.data(), sizeof(header));
  header.format = static_cast<std::uint16_t>(format);
  const std::uint64_t seed = XXH3_64bits(&header, offsetof(wire::FrameHeader, check));
  header.check = XXH3_64bits_withSeed(frame.data() + sizeof(header), header.length, seed);
  std::memcpy(frame.data(), &header, sizeof(header));
  return frame;
}

}  // namespace

TEST_CASE("two nodes meet, in the clear or secured, and what follows the hello stays on the channel") {
  const bool secured = GENERATE(false, true);
  const Authority authority;
  std::unique_ptr<ChannelMaker> a_makes = std::make_unique<PlainChannels>();
  std::unique_ptr<ChannelMaker> b_makes = std::make_unique<PlainChannels>();
  if (secured) {
    const auto ignore = [](const std::string&) {};
    a_makes = *TlsContext::create(identity(authority.node("fw-a"), "fw-a", "fw-b"), ignore);
    b_makes = *TlsContext::create(identity(authority.node("fw-b"), "fw-b", "fw-a"), ignore);
  }
  const HandClock clock;
  Side a(clock, "fw-a"), b(clock, "fw-b");
  auto [to, from] = socket_pair();
  a.handshakes.add_dialled(*a_makes->make(std::move(to), true));
  b.handshakes.add_accepted(*b_makes->make(std::move(from), false));
  auto [a_met, b_met] = meet(a, b);
  REQUIRE(a_met.has_value());
  REQUIRE(b_met.has_value());
  CHECK(wire::text_of(a_met->theirs.node) == "fw-b");
  CHECK(wire::text_of(b_met->theirs.node) == "fw-a");
  CHECK(a_met->channel->secret().has_value() == secured);
  REQUIRE(a_met->channel->send_all(bytes_of("the first frame"), clock, clock.now() + 1s));
  CHECK(received(*b_met->channel, 15) == "the first frame");
  CHECK(a.refusals.empty());
  CHECK(b.refusals.empty());
}

TEST_CASE(
    "a hello stands on one connection: an accepted one is not answered unasked, and a dial can be given up") {
  const HandClock clock;
  Side a(clock, "fw-a"), b(clock, "fw-b");
  auto [to_b, from_a] = socket_pair();
  auto [to_a, from_b] = socket_pair();
  a.handshakes.add_dialled(plain_channel(std::move(to_b)));
  b.handshakes.add_dialled(plain_channel(std::move(to_a)));
  CHECK_FALSE(b.handshakes.said_hello());
  CHECK_FALSE(a.handshakes.advance().has_value());
  CHECK_FALSE(b.handshakes.advance().has_value());
  CHECK(b.handshakes.said_hello());
  b.handshakes.add_accepted(plain_channel(std::move(from_a)));
  const auto met = b.handshakes.advance();
  REQUIRE(met.has_value());
  CHECK_FALSE(met->dialled_by_me);
  CHECK_FALSE(a.handshakes.advance().has_value());
  b.handshakes.give_up_dialling();
  CHECK_FALSE(b.handshakes.said_hello());
  CHECK_FALSE(b.handshakes.dialling());
  REQUIRE(say_hello(*met->channel, hello_of("fw-b"), clock));
  CHECK(a.handshakes.advance().has_value());
}

TEST_CASE("a node that calls itself otherwise than its certificate does is refused, and told why") {
  const Authority authority;
  const auto ignore = [](const std::string&) {};
  auto a_makes = *TlsContext::create(identity(authority.node("fw-a"), "fw-a", "fw-b"), ignore);
  auto b_makes = *TlsContext::create(identity(authority.node("fw-b"), "fw-b", "fw-a"), ignore);
  const HandClock clock;
  Side a(clock, "fw-z"), b(clock, "fw-b");
  auto [to, from] = socket_pair();
  a.handshakes.add_dialled(*a_makes->make(std::move(to), true));
  b.handshakes.add_accepted(*b_makes->make(std::move(from), false));
  const auto [a_met, b_met] = meet(a, b);
  CHECK_FALSE(a_met.has_value());
  CHECK_FALSE(b_met.has_value());
  REQUIRE(b.refusals.size() == 1);
  CHECK_THAT(b.refusals[0], Contains("calls itself 'fw-z', and its certificate is for 'fw-a'"));
  REQUIRE(a.refusals.size() == 1);
  CHECK_THAT(a.refusals[0], Contains("the peer refused this node"));
}

TEST_CASE("a peer that speaks TLS to a node in the clear is answered with the setting to check") {
  const HandClock clock;
  Side b(clock, "fw-b");
  auto [to, from] = socket_pair();
  b.handshakes.add_accepted(plain_channel(std::move(from)));
  const std::string record = std::string("\x16\x03\x01\x02\x00", 5) + std::string(100, 'c');
  REQUIRE(write(to.get(), record.data(), record.size()) == static_cast<ssize_t>(record.size()));
  CHECK_FALSE(b.handshakes.advance().has_value());
  REQUIRE(b.refusals.size() == 1);
  CHECK_THAT(b.refusals[0], Contains("speaks TLS") && Contains("replication.tls: none"));
}

TEST_CASE("a hello of a newer release may be longer, and leaves what follows it on the channel") {
  const HandClock clock;
  Side b(clock, "fw-b");
  auto [to, from] = socket_pair();
  b.handshakes.add_accepted(plain_channel(std::move(from)));
  const wire::Hello hello = hello_of("fw-a");
  std::vector<std::byte> longer(sizeof(hello) + 40, std::byte{7});
  std::memcpy(longer.data(), &hello, sizeof(hello));
  write_all(to, wire::make_frame(wire::Type::hello, wire::Bytes(longer)));
  write_all(to, bytes_of("the first frame"));
  std::optional<Met> met;
  for (int step = 0; step < 10 && !met; ++step) met = b.handshakes.advance();
  REQUIRE(met.has_value());
  CHECK(wire::text_of(met->theirs.node) == "fw-a");
  CHECK(received(*met->channel, 15) == "the first frame");
}

TEST_CASE(
    "a hello that is cut short, or in a format that is not spoken here, is refused; a refusal is read in "
    "any") {
  const HandClock clock;
  Side b(clock, "fw-b");
  auto [to, from] = socket_pair();
  b.handshakes.add_accepted(plain_channel(std::move(from)));
  const wire::Hello hello = hello_of("fw-a");
  const auto whole = std::as_bytes(std::span(&hello, 1));
  const wire::Formats spoken = wire::formats_spoken();
  const auto [frame, words] = GENERATE_COPY(table<std::vector<std::byte>, std::string>({
      {wire::make_frame(wire::Type::hello, whole.first(whole.size() - 8)), "cut short"},
      {in_format(spoken.newest + 1, wire::make_frame(wire::Type::hello, whole)), "upgrade the older one"},
      {in_format(spoken.oldest - 1, wire::make_frame(wire::Type::hello, whole)), "upgrade the older one"},
      {in_format(spoken.newest + 1, wire::make_refusal("not you")), "refused this node: not you"},
  }));
  write_all(to, frame);
  for (int step = 0; step < 10 && b.refusals.empty(); ++step) CHECK_FALSE(b.handshakes.advance().has_value());
  REQUIRE(b.refusals.size() == 1);
  CHECK_THAT(b.refusals[0], Contains(words));
}

TEST_CASE("a connection that does not finish in time is dropped, however far it came") {
  HandClock clock;
  Side b(clock, "fw-b");
  const bool secured = GENERATE(false, true);
  const Authority authority;
  const auto ignore = [](const std::string&) {};
  auto tls = *TlsContext::create(identity(authority.node("fw-b"), "fw-b", "fw-a"), ignore);
  auto [to, from] = socket_pair();
  b.handshakes.add_accepted(secured ? *tls->make(std::move(from), false) : plain_channel(std::move(from)));
  const std::string begun = secured ? std::string("\x16\x03\x01", 3) : std::string("SWRP");
  REQUIRE(write(to.get(), begun.data(), begun.size()) == static_cast<ssize_t>(begun.size()));
  CHECK_FALSE(b.handshakes.advance().has_value());
  std::vector<pollfd> polled;
  b.handshakes.append_to(polled);
  CHECK(polled.size() == 1);
  clock.at += Handshakes::kPatience;
  CHECK_FALSE(b.handshakes.advance().has_value());
  REQUIRE(b.refusals.size() == 1);
  CHECK_THAT(b.refusals[0], Contains("in time"));
  polled.clear();
  b.handshakes.append_to(polled);
  CHECK(polled.empty());
}

}  // namespace stillwater::appliance
