// Payload that proves itself: any change on the way is noticed.
#include "tests/rig/load/payload.h"

#include <random>
#include <vector>

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "tests/rig/load/flow_end.h"

namespace stillwater::rig {
namespace {

std::vector<std::byte> stream_of(std::uint32_t flow, Direction direction, std::uint32_t messages) {
  std::vector<std::byte> bytes;
  for (std::uint32_t number = 0; number < messages; ++number) {
    const Message message = make_message(flow, direction, number);
    bytes.insert(bytes.end(), message.begin(), message.end());
  }
  return bytes;
}

Status read_all(MessageReader& reader, std::span<const std::byte> bytes, std::uint32_t& messages) {
  return reader.feed(bytes, [&](std::uint32_t, std::uint32_t) { ++messages; });
}

}  // namespace

TEST_CASE("messages come out whole and in order, in pieces of any size") {
  const auto seed = GENERATE(range(1u, 11u));
  std::mt19937 random(seed);
  const auto bytes = stream_of(42, Direction::to_server, 20);
  MessageReader reader(Direction::to_server);
  std::vector<std::uint32_t> numbers;
  std::span<const std::byte> rest = bytes;
  while (!rest.empty()) {
    const std::size_t count = std::min<std::size_t>(rest.size(), 1 + random() % 300);
    REQUIRE(reader.feed(rest.first(count), [&](std::uint32_t flow, std::uint32_t number) {
      CHECK(flow == 42);
      numbers.push_back(number);
    }));
    rest = rest.subspan(count);
  }
  REQUIRE(numbers.size() == 20);
  for (std::uint32_t i = 0; i < 20; ++i) CHECK(numbers[i] == i);
}

TEST_CASE("a flipped bit in any byte of a message is caught in that message") {
  const auto clean = stream_of(7, Direction::to_client, 3);
  std::mt19937 random(1);
  for (std::size_t at = kMessageBytes; at < 2 * kMessageBytes; ++at) {
    auto bytes = clean;
    bytes[at] ^= std::byte{1} << (random() % 8);
    MessageReader reader(Direction::to_client, 7);
    std::uint32_t messages = 0;
    const Status status = read_all(reader, bytes, messages);
    CAPTURE(at);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Errc::corrupt);
    CHECK(messages == 1);
  }
}

TEST_CASE("a lost, repeated, foreign or reflected message is caught") {
  const auto feed = [](std::initializer_list<Message> stream) {
    MessageReader reader(Direction::to_client, 7);
    std::vector<std::byte> bytes;
    for (const Message& message : stream) bytes.insert(bytes.end(), message.begin(), message.end());
    std::uint32_t messages = 0;
    return read_all(reader, bytes, messages);
  };
  const Message first = make_message(7, Direction::to_client, 0);
  CHECK(feed({first, make_message(7, Direction::to_client, 1)}));
  CHECK_FALSE(feed({first, make_message(7, Direction::to_client, 2)}));
  CHECK_FALSE(feed({first, first}));
  CHECK_FALSE(feed({first, make_message(8, Direction::to_client, 1)}));
  CHECK_FALSE(feed({first, make_message(7, Direction::to_server, 1)}));
}

TEST_CASE("a connection's end that receives a flipped byte breaks off and says where") {
  int sockets[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0);
  const UniqueFd far(sockets[1]);
  std::uint32_t arrived = 0;
  std::string reason;
  const FlowEnd::Listener listener{
      .arrived = [&](FlowEnd&, std::uint32_t, std::uint32_t) { ++arrived; },
      .broke = [&](FlowEnd&, const std::string& why) { reason = why; },
      .connected = [](FlowEnd&) {},
  };
  FlowEnd end(UniqueFd{sockets[0]}, Direction::to_client, std::nullopt, listener);
  auto bytes = stream_of(3, Direction::to_server, 2);

  REQUIRE(send(far.get(), bytes.data(), kMessageBytes, 0) == ssize_t{kMessageBytes});
  end.ready(EPOLLIN);
  CHECK(arrived == 1);
  CHECK(end.flow() == 3u);
  CHECK(reason.empty());

  bytes[kMessageBytes + 100] ^= std::byte{0x10};
  REQUIRE(send(far.get(), bytes.data() + kMessageBytes, kMessageBytes, 0) == ssize_t{kMessageBytes});
  end.ready(EPOLLIN);
  CHECK(arrived == 1);
  CHECK(reason == "wrong bytes: flow 3, message 1: byte 100 differs");
  CHECK_FALSE(end.fd());
}

TEST_CASE("a connection's end writes a message every two seconds and makes up for no stall") {
  int sockets[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0);
  const UniqueFd far(sockets[1]);
  const FlowEnd::Listener listener{};
  FlowEnd end(UniqueFd{sockets[0]}, Direction::to_server, 5, listener);
  end.start_writing(10s);
  for (const Instant now :
       {Instant{9s}, Instant{10s}, Instant{11500ms}, Instant{12s}, Instant{19s}, Instant{19s}}) {
    end.write_if_due(now);
  }
  CHECK(end.next_number() == 3);
  std::vector<std::byte> bytes(4 * kMessageBytes);
  const ssize_t count = recv(far.get(), bytes.data(), bytes.size(), 0);
  REQUIRE(count == ssize_t{3 * kMessageBytes});
  bytes.resize(3 * kMessageBytes);
  CHECK(bytes == stream_of(5, Direction::to_server, 3));
}

}  // namespace stillwater::rig
