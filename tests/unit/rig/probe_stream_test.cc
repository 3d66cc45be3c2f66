// A datagram proves itself, and its delay counts for the part of the run in which it was sent.
#include "tests/rig/load/probe_stream.h"

#include <catch2/catch.hpp>

namespace stillwater::rig {

TEST_CASE("a datagram that arrives as it was sent has its number; one changed bit anywhere and it has none") {
  const Datagram sent = make_datagram(70000, Direction::to_client);
  CHECK(number_of(sent, Direction::to_client) == 70000);
  CHECK_FALSE(number_of(sent, Direction::to_server));
  for (std::size_t bit = 0; bit < 8 * sent.size(); ++bit) {
    Datagram arrived = sent;
    arrived[bit / 8] ^= std::byte{1} << (bit % 8);
    CAPTURE(bit);
    CHECK_FALSE(number_of(arrived, Direction::to_client));
  }
}

TEST_CASE("delays are told apart by before, in and after the failover; foreign bytes are counted") {
  ProbeAccount account(4000);
  for (unsigned i = 0; i < 4000; ++i) {
    const Instant at = 1ms * i;
    const std::uint32_t number = account.sent(at);
    account.arrived(number, at + (i < 1900 ? 10us : i < 3000 ? 30us : 20us));
  }
  account.corrupted();
  const ProbeSummary summary = account.summary(0ns, 2s);
  CHECK(summary.delay_us_p50 == 10);
  CHECK(summary.delay_failover_us_p50 == 30);
  CHECK(summary.delay_after_us_p99 == 20);
  CHECK(summary.corrupted == 1);
  CHECK(summary.lost_steady + summary.lost_failover == 0);
}

}  // namespace stillwater::rig
