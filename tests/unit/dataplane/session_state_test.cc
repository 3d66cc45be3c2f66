#include "dataplane/datapath/session_state.h"

#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <rte_tcp.h>

using namespace stillwater::dataplane;
using stillwater::region::Direction;
using stillwater::region::Session;
using stillwater::region::SessionState;

namespace {

constexpr std::uint8_t kSyn = RTE_TCP_SYN_FLAG, kAck = RTE_TCP_ACK_FLAG, kFin = RTE_TCP_FIN_FLAG,
                       kRst = RTE_TCP_RST_FLAG;
constexpr TcpEvidence kAnswered{.responder_answered = true};
constexpr Progress kOpening{SessionState::opening, 0}, kEstablished{SessionState::established, 0};

}  // namespace

TEST_CASE("a handshake is complete when the initiator acknowledges the responder's SYN") {
  CHECK(after_tcp(kOpening, Direction::reply, kSyn | kAck, {}) == kOpening);
  CHECK(after_tcp(kOpening, Direction::forward, kSyn, kAnswered) == kOpening);
  CHECK(after_tcp(kOpening, Direction::forward, kAck, kAnswered) == kEstablished);
}

TEST_CASE("an initiator alone cannot establish a session") {
  CHECK(after_tcp(kOpening, Direction::forward, kAck, {}) == kOpening);
}

TEST_CASE("a FIN closes, and each side's is remembered") {
  const Progress one = after_tcp(kEstablished, Direction::forward, kFin | kAck, kAnswered);
  CHECK(one == Progress{SessionState::closing, 1});
  CHECK(after_tcp(one, Direction::forward, kFin | kAck, kAnswered) == one);
  const Progress both = after_tcp(one, Direction::reply, kFin | kAck, kAnswered);
  CHECK(both == Progress{SessionState::closing, 3});
  CHECK_FALSE(one.both_ended());
  CHECK(both.both_ended());
}

TEST_CASE("a RST ends a session, in whichever state, if it is exact; also with other flags") {
  const Progress ended{SessionState::closing, kBothEnded};
  CHECK(after_tcp(kOpening, Direction::reply, kRst | kAck, {}) == kOpening);
  CHECK(after_tcp(kOpening, Direction::reply, kRst | kAck, {.exact_reset = true}) == ended);
  const TcpEvidence exact{.responder_answered = true, .exact_reset = true};
  CHECK(after_tcp(kEstablished, Direction::forward, kRst | kFin, exact) == ended);
  CHECK(after_tcp(kEstablished, Direction::forward, kRst | kFin, kAnswered) == kEstablished);
  const Progress half_closed{SessionState::closing, 1};
  CHECK(after_tcp(half_closed, Direction::reply, kRst, exact) == ended);
  CHECK(after_tcp(half_closed, Direction::reply, kRst, kAnswered) == half_closed);
}

TEST_CASE("traffic on an established session is no progress, so it costs no hard write") {
  CHECK(after_tcp(kEstablished, Direction::forward, kAck, kAnswered) == kEstablished);
  CHECK(after_tcp(kEstablished, Direction::reply, kAck, kAnswered) == kEstablished);
  CHECK(after_datagram(kEstablished, Direction::forward) == kEstablished);
}

TEST_CASE("a datagram session is established by its first answer") {
  CHECK(after_datagram(kOpening, Direction::forward) == kOpening);
  CHECK(after_datagram(kOpening, Direction::reply) == kEstablished);
}

TEST_CASE("only a bare SYN opens a session") {
  CHECK(opens_session(kSyn));
  CHECK(opens_session(kSyn | RTE_TCP_PSH_FLAG));
  for (const unsigned other : {kAck, kFin, kRst})
    CHECK_FALSE(opens_session(static_cast<std::uint8_t>(kSyn | other)));
  CHECK_FALSE(opens_session(kAck));
}

TEST_CASE("time-outs follow protocol and state") {
  const TimeoutConfig timeouts{1, 2, 3, 6, 4, 5, 7};
  Session session{};
  session.forward.protocol = IPPROTO_TCP;
  session.state = SessionState::opening;
  CHECK(timeout_s(session, timeouts) == 1);
  session.state = SessionState::established;
  CHECK(timeout_s(session, timeouts) == 2);
  session.state = SessionState::closing;
  CHECK(timeout_s(session, timeouts) == 3);
  session.tcp_ended = 2;
  CHECK(timeout_s(session, timeouts) == 3);
  session.tcp_ended = kBothEnded;
  CHECK(timeout_s(session, timeouts) == 6);
  session.forward.protocol = IPPROTO_UDP;
  CHECK(timeout_s(session, timeouts) == 4);
  session.forward.protocol = IPPROTO_ICMP;
  CHECK(timeout_s(session, timeouts) == 5);
  session.forward.protocol = IPPROTO_ESP;
  CHECK(timeout_s(session, timeouts) == 7);
}

TEST_CASE("a rule's time-out is that of established TCP, and of all other sessions") {
  const TimeoutConfig timeouts{1, 2, 3, 6, 4, 5};
  Session session{};
  session.forward.protocol = IPPROTO_TCP;
  session.state = SessionState::opening;
  CHECK(timeout_s(session, timeouts, 99) == 1);
  session.state = SessionState::established;
  CHECK(timeout_s(session, timeouts, 99) == 99);
  session.state = SessionState::closing;
  CHECK(timeout_s(session, timeouts, 99) == 3);
  session.forward.protocol = IPPROTO_UDP;
  session.state = SessionState::opening;
  CHECK(timeout_s(session, timeouts, 99) == 99);
}
