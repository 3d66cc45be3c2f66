// What waited at a node that handed over is for its successor, once that leads.
#include <catch2/catch.hpp>

#include "tests/unit/standby/deliver.h"

namespace stillwater::tests {
namespace {

struct Host final : standby::ReceiverHost {
  bool to_lead = false;
  unsigned records = 0;
  [[nodiscard]] Status sync_begins(const wire::SyncBegin&) override { return {}; }
  [[nodiscard]] standby::Grant grant() const override { return {}; }
  void record_told(const wire::Record&) override { ++records; }
  [[nodiscard]] Status holdings_told(const wire::Frame&) override { return {}; }
  [[nodiscard]] Status config_told(const wire::Frame&) override { return {}; }
  [[nodiscard]] bool is_to_lead() const override { return to_lead; }
};

// A packet that waited, and the record behind it.
std::vector<std::byte> brought() {
  auto stream = wire::make_frame(wire::Type::waiting, wire::WaitingHeader{});
  const auto record = wire::make_frame(wire::Type::record, wire::Record{});
  stream.insert(stream.end(), record.begin(), record.end());
  return stream;
}

struct Follower {
  Follower() { receiver.connected(); }

  region::Layout layout = region::Layout().add("hard", region::StateClass::hard, 4096, 64);
  std::unique_ptr<region::Region> region = std::move(*region::Region::create(layout));
  standby::ReservedBuffer reserved = std::move(*standby::ReservedBuffer::create(64u << 10));
  Host host;
  standby::Receiver receiver{*region, reserved, {}, &host};
};

}  // namespace

TEST_CASE("who is to lead leaves what waits for a leader unread, with all that follows it") {
  Follower follower;
  follower.host.to_lead = true;
  REQUIRE(deliver(follower.receiver, brought()));
  CHECK(follower.receiver.left_for_a_leader());
  CHECK(follower.host.records == 0);
  CHECK(follower.receiver.take_unread() == brought());
  CHECK_FALSE(follower.receiver.left_for_a_leader());
}

TEST_CASE("who is not to lead any more reads on past what waited for a leader") {
  Follower follower;
  follower.host.to_lead = true;
  REQUIRE(deliver(follower.receiver, brought()));
  follower.host.to_lead = false;
  REQUIRE(follower.receiver.received(0));
  CHECK_FALSE(follower.receiver.left_for_a_leader());
  CHECK(follower.host.records == 1);
  CHECK(follower.receiver.take_unread().empty());
}

}  // namespace stillwater::tests
