// A connection survives only by what the server wrote, while the client kept silent.
#include <catch2/catch.hpp>

#include "tests/rig/load/server_first_account.h"

namespace stillwater::rig {
namespace {

constexpr std::uint32_t kClientWroteOnce = 1;

void establish(ServerFirstAccount& account, std::uint32_t connection) {
  account.arrived(Direction::to_server, connection, 0, kClientWroteOnce);
  account.arrived(Direction::to_client, connection, 0, kClientWroteOnce);
}

}  // namespace

TEST_CASE("a connection is established when one message went each way, and not before") {
  ServerFirstAccount account(3);
  account.arrived(Direction::to_server, 0, 0, kClientWroteOnce);
  CHECK(account.counts().established == 0);
  account.arrived(Direction::to_client, 0, 0, kClientWroteOnce);
  CHECK(account.counts().established == 1);
  CHECK(account.counts().survived == 0);
}

TEST_CASE("it survives when the server's next message arrives, once however many follow") {
  ServerFirstAccount account(3);
  establish(account, 1);
  account.arrived(Direction::to_client, 1, 1, kClientWroteOnce);
  account.arrived(Direction::to_client, 1, 2, kClientWroteOnce);
  CHECK(account.counts().survived == 1);
  CHECK(account.counts().broken == 0);
}

TEST_CASE("what arrives after the client wrote again proves nothing") {
  ServerFirstAccount account(3);
  establish(account, 1);
  account.arrived(Direction::to_client, 1, 1, kClientWroteOnce + 1);
  CHECK(account.counts().survived == 0);
  CHECK(account.counts().broken == 1);
}

TEST_CASE("a connection that breaks has not survived, whatever arrived before") {
  ServerFirstAccount account(3);
  establish(account, 2);
  account.arrived(Direction::to_client, 2, 1, kClientWroteOnce);
  account.broke(2);
  account.broke(2);
  CHECK(account.counts().survived == 0);
  CHECK(account.counts().broken == 1);
}

TEST_CASE("what belongs to no connection is not counted") {
  ServerFirstAccount account(1);
  establish(account, 1);
  account.broke(7);
  CHECK(account.counts().established == 0);
  CHECK(account.counts().broken == 0);
}

}  // namespace stillwater::rig
