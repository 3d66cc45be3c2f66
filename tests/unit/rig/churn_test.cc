// Sessions that come and go: what was answered has to work, and what was lost is told from what was closed.
#include <catch2/catch.hpp>

#include "tests/rig/load/churn_account.h"

namespace stillwater::rig {
namespace {

void exchange(ChurnAccount& account, std::uint32_t session, std::uint32_t number) {
  account.arrived(Direction::to_server, session, number);
  account.arrived(Direction::to_client, session, number);
}

std::uint32_t working(ChurnAccount& account) {
  const std::uint32_t session = account.open();
  account.answered(session);
  exchange(account, session, 0);
  return session;
}

}  // namespace

TEST_CASE("an answered session is awaited until a message went each way") {
  ChurnAccount account;
  const std::uint32_t session = account.open();
  CHECK(account.awaited() == 0);
  account.answered(session);
  CHECK(account.awaited() == 1);
  account.arrived(Direction::to_server, session, 0);
  CHECK_FALSE(account.works(session));
  account.arrived(Direction::to_client, session, 0);
  CHECK(account.works(session));
  CHECK(account.awaited() == 0);
  CHECK(account.counts().lost == 0);
}

TEST_CASE("a session that nobody answered cannot be lost") {
  ChurnAccount account;
  account.broke(account.open());
  CHECK(account.fault_struck().empty());
  const ChurnCounts counts = account.counts();
  CHECK(counts.opened == 1);
  CHECK(counts.answered == 0);
  CHECK(counts.lost == 0);
}

TEST_CASE("a session that was answered at the fault has to exchange messages again, whatever came before") {
  ChurnAccount account;
  const std::uint32_t session = working(account);
  CHECK(account.fault_struck() == std::vector<std::uint32_t>{session});
  CHECK(account.awaited() == 1);
  account.arrived(Direction::to_client, session, 1);
  CHECK(account.counts().lost_at_fault == 1);
  account.arrived(Direction::to_server, session, 1);
  CHECK(account.awaited() == 0);
  CHECK(account.counts().lost_at_fault == 0);
  CHECK(account.counts().answered_at_fault == 1);
}

TEST_CASE("a session that was half open at the fault has to complete both exchanges") {
  ChurnAccount account;
  const std::uint32_t session = account.open();
  account.answered(session);
  REQUIRE(account.fault_struck().size() == 1);
  exchange(account, session, 0);
  CHECK_FALSE(account.works(session));
  exchange(account, session, 1);
  CHECK(account.works(session));
}

TEST_CASE("what the load itself closed is not asked for, and its end is no loss") {
  ChurnAccount account;
  const std::uint32_t session = working(account);
  account.close(session);
  account.broke(session);
  CHECK(account.fault_struck().empty());
  CHECK(account.counts().lost == 0);
}

TEST_CASE("a session that breaks is lost: before the fault, after it, and after it worked") {
  ChurnAccount account;
  const std::uint32_t before = working(account);
  account.broke(before);
  const std::uint32_t after = working(account);
  REQUIRE(account.fault_struck() == std::vector<std::uint32_t>{after});
  exchange(account, after, 1);
  account.broke(after);
  const std::uint32_t later = account.open();
  account.answered(later);
  account.broke(later);
  const ChurnCounts counts = account.counts();
  CHECK(counts.answered == 3);
  CHECK(counts.lost == 3);
  CHECK(counts.lost_at_fault == 1);
  CHECK(account.awaited() == 0);
}

TEST_CASE("each fault asks one more exchange of what is still open, and counts whom it asked") {
  ChurnAccount account;
  const std::uint32_t old = working(account);
  REQUIRE(account.fault_struck().size() == 1);
  CHECK(account.awaited_at_fault() == 1);
  exchange(account, old, 1);
  CHECK(account.awaited_at_fault() == 0);
  const std::uint32_t young = working(account);
  REQUIRE(account.fault_struck() == std::vector<std::uint32_t>{old, young});
  CHECK(account.asked_at_fault() == 2);
  CHECK(account.asked(old) == 3);
  CHECK(account.asked(young) == 2);
  exchange(account, young, 1);
  CHECK(account.awaited_at_fault() == 1);
  account.broke(old);
  CHECK(account.awaited_at_fault() == 0);
  CHECK(account.broken() == 1);
  CHECK(account.counts().lost_at_fault == 1);
}

TEST_CASE("what nobody answered and broke is not awaited less for it") {
  ChurnAccount account;
  account.broke(account.open());
  account.answered(account.open());
  CHECK(account.awaited() == 1);
  CHECK(account.broken() == 0);
}

TEST_CASE("a session opened after the fault needs one exchange") {
  ChurnAccount account;
  REQUIRE(account.fault_struck().empty());
  CHECK(account.works(working(account)));
  CHECK(account.counts().answered_at_fault == 0);
}

}  // namespace stillwater::rig
