// When a stopped program holds no packet any more (mission Q4), and when it never will in time (Q8).
#include "quiesce/plugin/settling.h"

#include <catch2/catch.hpp>

namespace stillwater::quiesce::plugin {
namespace {

using Catch::Contains;
using VerdictState = Verdict::State;

constexpr pid_t kWorker = 77;

// A program of one receive and one transmit queue, as the looks show it; the test moves it.
struct Program {
  Look now{.at = 1000s,
           .queues = {{.direction = Direction::receive,
                       .port = 0,
                       .queue = 0,
                       .stopped = true,
                       .shared = false,
                       .polled = true,
                       .wrapper_seen = true,
                       .wrapped_at = 1s,
                       .entered = 100,
                       .left = 100,
                       .packets = 10},
                      {.direction = Direction::transmit,
                       .port = 1,
                       .queue = 0,
                       .stopped = false,
                       .shared = false,
                       .polled = false,
                       .wrapper_seen = true,
                       .wrapped_at = 1s,
                       .entered = 50,
                       .left = 50,
                       .packets = 6}},
           .received = 10,
           .transmitted = 6,
           .balance_trusted = true,
           .pools_known = false,
           .in_pools_use = 0,
           .threads = {{kWorker, 1s}}};
  bool worker_runnable = true;

  QueueLook& rx() { return now.queues[0]; }
  QueueLook& tx() { return now.queues[1]; }
  void poll(std::uint64_t rounds) { rx().entered += rounds, rx().left += rounds; }
  void transmit(std::uint64_t packets) {
    tx().packets += packets;
    now.transmitted += packets;
  }
  void pass(Nanos time, bool worker_runs = true) {
    now.at += time;
    if (worker_runs) now.threads[0].ran += time;
  }
  // Its worker ran and it polled, and nothing came of it.
  void be_still(Nanos time) {
    poll(10);
    pass(time);
  }
  [[nodiscard]] Settling stopped(Nanos timeout = 100ms, Nanos settle = 2ms) {
    return {now, timeout, settle, [this](pid_t) { return worker_runnable; }};
  }
};

}  // namespace

TEST_CASE("what came in and went out again tells an empty program exactly, once its threads came round") {
  Program program;
  auto settling = program.stopped();
  program.transmit(4);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.poll(1);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.poll(1);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::free);
  CHECK(verdict.basis == Basis::balance);
  CHECK(verdict.exact);
}

TEST_CASE("packets in a software ring keep a program from being free, however often its threads poll") {
  Program program;
  auto settling = program.stopped();
  for (int i = 0; i < 4; ++i) {
    program.be_still(1ms);
    CHECK(settling.look(program.now).state == VerdictState::wait);
    program.transmit(1);  // the worker behind the ring goes on, slowly
  }
  program.poll(1);
  CHECK(settling.look(program.now).basis == Basis::balance);
}

TEST_CASE("full pools tell an empty program exactly, at two looks in a row") {
  Program program;
  program.now.balance_trusted = false;
  program.now.pools_known = true;
  program.now.in_pools_use = 2;
  auto settling = program.stopped();
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.now.in_pools_use = 0;
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.now.in_pools_use = 1;  // the look before caught a pool in motion
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.now.in_pools_use = 0;
  CHECK(settling.look(program.now).state == VerdictState::wait);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::free);
  CHECK(verdict.basis == Basis::pools);
  CHECK(verdict.exact);
}

TEST_CASE("pools that are full at one look get another before the program counts as merely settled") {
  Program program;
  program.now.pools_known = true;
  auto settling = program.stopped();
  program.be_still(10ms);  // the controller itself was kept from looking
  CHECK(settling.look(program.now).state == VerdictState::wait);
  CHECK(settling.look(program.now).basis == Basis::pools);
}

TEST_CASE(
    "a program that dropped packets settles: the indication says that it is not exact, and by how much") {
  Program program;
  auto settling = program.stopped();
  program.be_still(1ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.be_still(1ms);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::free);
  CHECK(verdict.basis == Basis::settled);
  CHECK_FALSE(verdict.exact);
  CHECK(verdict.unaccounted == 4);
}

TEST_CASE("an account that did not close before is no proof when it happens to close") {
  Program program;
  program.now.balance_trusted = false;
  program.now.received = program.now.transmitted;
  auto settling = program.stopped();
  program.poll(5);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.be_still(2ms);
  CHECK(settling.look(program.now).basis == Basis::settled);
}

TEST_CASE("packets that arrive in a port's ring during a quiesce do not keep it from settling") {
  Program program;
  program.now.pools_known = true;
  program.now.in_pools_use = 4;
  auto settling = program.stopped();
  program.now.in_pools_use = 900;
  program.be_still(2ms);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::free);
  CHECK(verdict.unaccounted == 4);
}

TEST_CASE("buffers that a driver keeps are not taken for packets inside, nor are packets dropped long ago") {
  Program program;
  program.now.pools_known = true;
  const auto [in_pools_use, received, unaccounted] =
      GENERATE(table<std::uint64_t, std::uint64_t, std::uint64_t>({
          {4096, 10, 4},  // a driver's ring
          {3, 1000, 3},   // drops
          {5, 2, 5},      // packets of the program's own
      }));
  program.now.in_pools_use = in_pools_use;
  program.now.received = received;
  auto settling = program.stopped();
  program.be_still(2ms);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::free);
  CHECK(verdict.unaccounted == unaccounted);
}

TEST_CASE("each packet transmitted, and each one freed, begins the settle time anew") {
  Program program;
  program.now.balance_trusted = false;
  program.now.pools_known = true;
  program.now.in_pools_use = 9;
  auto settling = program.stopped();
  program.be_still(1500us);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  SECTION("transmitted") { program.transmit(1); }
  SECTION("freed") { program.now.in_pools_use = 8; }
  program.be_still(1ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.be_still(1ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.be_still(1ms);
  CHECK(settling.look(program.now).state == VerdictState::free);
}

TEST_CASE("a worker that waits for a processor has not had its chance: no settling before") {
  Program program;
  auto settling = program.stopped();
  program.poll(10);
  program.pass(50ms, false);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  SECTION("until it ran for the settle time") { program.pass(2ms); }
  SECTION("unless it sleeps, of its own will") { program.worker_runnable = false; }
  CHECK(settling.look(program.now).state == VerdictState::free);
}

TEST_CASE("a transmission that has not returned still has its packets") {
  Program program;
  auto settling = program.stopped();
  ++program.tx().entered;
  program.be_still(5ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.pass(100ms);
  CHECK_THAT(settling.look(program.now).reason, Contains("port 1 tx queue 0: a call has not returned"));
}

TEST_CASE("a thread that died inside a driver is named at the time-out") {
  Program program;
  ++program.rx().entered;
  auto settling = program.stopped();
  program.pass(99ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.pass(1ms);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::timed_out);
  CHECK(verdict.reason == "port 0 rx queue 0: a call has not returned");
  CHECK(verdict.inside == 4);
}

TEST_CASE("on a queue of several threads, later calls say nothing about one that is stuck") {
  Program program;
  program.rx().shared = true;
  ++program.rx().entered;
  auto settling = program.stopped();
  program.be_still(5ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  ++program.rx().left;
  CHECK(settling.look(program.now).state == VerdictState::free);
}

TEST_CASE("a thread that stopped polling between two calls is named at the time-out") {
  Program program;
  auto settling = program.stopped();
  program.poll(1);
  program.pass(100ms);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::timed_out);
  CHECK(verdict.reason == "port 0 rx queue 0: its thread has not come back");
}

TEST_CASE("a program that goes on transmitting times out: which queue, and how many packets are inside") {
  Program program;
  program.now.balance_trusted = false;
  auto settling = program.stopped();
  for (int i = 0; i < 99; ++i) {
    program.transmit(1);
    program.be_still(1ms);
    REQUIRE(settling.look(program.now).state == VerdictState::wait);
  }
  program.transmit(1);
  program.be_still(1ms);
  const auto verdict = settling.look(program.now);
  CHECK(verdict.state == VerdictState::timed_out);
  CHECK(verdict.reason == "port 1 tx queue 0: still transmitting");
}

TEST_CASE(
    "a queue wrapped just now may have a thread in its bare driver: not free before it came through, or the "
    "grace passed") {
  Program program;
  program.transmit(4);
  program.rx().wrapper_seen = false;
  program.rx().polled = false;
  program.rx().wrapped_at = program.now.at;
  auto settling = program.stopped();
  program.pass(Settling::kGrace - 1ms);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  SECTION("it came through the wrapper") { program.rx().wrapper_seen = true; }
  SECTION("nobody polls it") { program.pass(1ms); }
  CHECK(settling.look(program.now).state == VerdictState::free);
}

TEST_CASE("a port that starts during a quiesce is waited for like the others") {
  Program program;
  program.transmit(4);
  auto settling = program.stopped();
  program.poll(2);
  auto late = program.rx();
  late.port = 2;
  late.entered = 7;
  late.left = 6;
  program.now.queues.push_back(late);
  CHECK(settling.look(program.now).state == VerdictState::wait);
  program.now.queues.back().left = 7;
  program.now.queues.back().polled = false;
  CHECK(settling.look(program.now).state == VerdictState::free);
}

TEST_CASE("ports that are not among those to be stopped may go on being polled") {
  Program program;
  program.transmit(4);
  auto settling = program.stopped();
  program.poll(2);
  auto other = program.rx();
  other.port = 3;
  other.stopped = false;
  other.entered = other.left + 1;
  program.now.queues.push_back(other);
  CHECK(settling.look(program.now).state == VerdictState::free);
}

}  // namespace stillwater::quiesce::plugin
