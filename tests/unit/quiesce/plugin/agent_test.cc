// The agent around real burst calls: what a polling program sees, and what the controller is told.
#include "quiesce/plugin/agent.h"

#include <future>

#include <catch2/catch.hpp>

#include "tests/unit/quiesce/plugin/polling_program.h"

namespace stillwater::quiesce::plugin {
namespace {

using Catch::Contains;
using dataplane::eventually;
using dataplane::RingPort;
using dataplane::TestBuffers;

const dataplane::Bytes kFrame(60, 0x55);
// Longer than a loaded machine makes a test wait; none waits for it where the agent is right.
const QuiesceRequest kPatient{.timeout = 30s, .settle = 2ms, .limit = 0ns};
const QuiesceRequest kHasty{.timeout = 60ms, .settle = 2ms, .limit = 0ns};

// One for the process, as in a program that loaded the plug-in.
Agent& agent() {
  dataplane::need_eal();
  static const BootClock clock;
  static Agent& only = []() -> Agent& {
    auto* made = new Agent(clock);
    made->start_watching();
    return *made;
  }();
  return only;
}

bool is_up(std::uint16_t port) {
  for (const PortLook& look : agent().status().ports) {
    if (look.port == port) return look.up;
  }
  return false;
}

// Two ports, wrapped by the agent; whatever a test leaves stopped runs again after it.
struct TwoPorts {
  TwoPorts() {
    agent();
    // A port of an earlier test had the same number.
    REQUIRE(eventually([&] { return !is_up(in.id()) && !is_up(out.id()); }));
    in.start();
    out.start();
    REQUIRE(eventually([&] { return is_up(in.id()) && is_up(out.id()); }));
  }
  ~TwoPorts() { (void)agent().resume(); }
  void put(int frames) {
    for (int i = 0; i < frames; ++i) in.put(kFrame);
  }
  TestBuffers buffers;
  RingPort in{buffers};
  RingPort out{buffers};
};

struct Gate {
  static inline std::atomic<bool> closed{false};
  static inline std::atomic<int> inside{0};
  // A driver whose receive function does not return.
  static std::uint16_t receive(void*, rte_mbuf**, std::uint16_t) {
    inside.fetch_add(1);
    while (closed.load()) std::this_thread::yield();
    inside.fetch_sub(1);
    return 0;
  }
};

}  // namespace

TEST_CASE("a quiesced program is told \"no packets\"; they wait, and come in order afterwards (Q3)") {
  TwoPorts ports;
  PollingProgram program(ports.in.id(), ports.out.id());
  REQUIRE(agent().quiesce(kPatient));
  CHECK(agent().state() == State::quiesced);
  ports.put(5);
  REQUIRE(program.goes_round());
  CHECK(ports.in.waiting() == 5);
  CHECK(ports.out.sent() == 0);
  REQUIRE(agent().resume());
  CHECK(eventually([&] { return ports.out.sent() == 5; }));
}

TEST_CASE("packets that a program received behind the wrapper's back are not taken for none") {
  TwoPorts ports;
  ports.put(2);
  std::array<rte_mbuf*, 2> held{};
  rte_eth_fp_ops[ports.in.id()].rx_pkt_burst = port_sides[ports.in.id()].receive.driver.load();
  REQUIRE(rte_eth_rx_burst(ports.in.id(), 0, held.data(), held.size()) == 2);
  REQUIRE(eventually([&] {
    return rte_eth_fp_ops[ports.in.id()].rx_pkt_burst != port_sides[ports.in.id()].receive.driver.load();
  }));
  const auto indication = agent().quiesce(kPatient);
  rte_pktmbuf_free_bulk(held.data(), held.size());
  REQUIRE(indication);
  CHECK_FALSE(indication->exact);
}

TEST_CASE("the indication is raised only once the packets inside have drained to the output (Q4)") {
  TwoPorts ports;
  PollingProgram program(ports.in.id(), ports.out.id());
  program.keep(true);
  ports.put(3);
  REQUIRE(eventually([&] { return program.kept() == 3; }));
  auto request = kPatient;
  request.settle = 10s;
  auto answer = std::async(std::launch::async, [&] { return agent().quiesce(request); });
  REQUIRE(eventually([] { return agent().state() == State::quiescing; }));
  REQUIRE(program.goes_round());
  REQUIRE(program.goes_round());
  CHECK(answer.wait_for(5ms) == std::future_status::timeout);
  CHECK(agent().state() == State::quiescing);
  program.keep(false);
  CHECK(eventually([&] { return ports.out.sent() == 3; }));
  for (dataplane::Bytes frame; ports.out.take(frame);) continue;
  const auto indication = answer.get();
  REQUIRE(indication);
  CHECK(indication->exact);
  CHECK(indication->drained == 3);
}

TEST_CASE("packets that a program keeps for good are reported as unaccounted, not as an exact indication") {
  TwoPorts ports;
  PollingProgram program(ports.in.id(), ports.out.id());
  program.keep(true);
  ports.put(2);
  REQUIRE(eventually([&] { return program.kept() == 2; }));
  const auto indication = agent().quiesce(kPatient);
  REQUIRE(indication);
  CHECK_FALSE(indication->exact);
  CHECK(indication->unaccounted == 2);
}

TEST_CASE("a thread that never comes back from its driver: time-out, reason, and the program runs (Q8)") {
  TwoPorts ports;
  Gate::closed = true;
  rte_eth_fp_ops[ports.in.id()].rx_pkt_burst = &Gate::receive;  // as a driver changes its own function
  REQUIRE(eventually([&] { return rte_eth_fp_ops[ports.in.id()].rx_pkt_burst != &Gate::receive; }));
  PollingProgram program(ports.in.id(), ports.out.id());
  REQUIRE(eventually([] { return Gate::inside == 1; }));
  const auto refused = agent().quiesce(kHasty);
  Gate::closed = false;
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::timed_out);
  CHECK_THAT(refused.error().message,
             Contains("port " + std::to_string(ports.in.id()) +
                      " rx queue 0: a call has not returned; 0 packets inside; resumed"));
  CHECK(agent().state() == State::running);
  CHECK(agent().status().last_error == refused.error().message);
  REQUIRE(program.goes_round());
  CHECK(agent().quiesce(kPatient));
}

TEST_CASE("a port that starts during a quiesce is quiesced too") {
  TwoPorts ports;
  REQUIRE(agent().quiesce(kPatient));
  RingPort late(ports.buffers);
  late.start();
  REQUIRE(eventually([&] { return is_up(late.id()); }));
  late.put(kFrame);
  rte_mbuf* packet = nullptr;
  CHECK(rte_eth_rx_burst(late.id(), 0, &packet, 1) == 0);
  REQUIRE(agent().resume());
  REQUIRE(rte_eth_rx_burst(late.id(), 0, &packet, 1) == 1);
  rte_pktmbuf_free(packet);
}

TEST_CASE("a port stopped and started again during a quiesce is quiesced again; one removed is no obstacle") {
  TwoPorts ports;
  REQUIRE(agent().quiesce(kPatient));
  {
    RingPort passing(ports.buffers);
    passing.start();
    REQUIRE(eventually([&] { return is_up(passing.id()); }));
    REQUIRE(rte_eth_dev_stop(passing.id()) == 0);
    REQUIRE(eventually([&] { return !is_up(passing.id()); }));
    passing.start();
    REQUIRE(eventually([&] { return is_up(passing.id()); }));
    passing.put(kFrame);
    rte_mbuf* packet = nullptr;
    CHECK(rte_eth_rx_burst(passing.id(), 0, &packet, 1) == 0);
  }
  REQUIRE(agent().resume());
  REQUIRE(agent().quiesce(kPatient));
}

TEST_CASE("a port that vanishes while the program is being quiesced does not keep it from the indication") {
  TwoPorts ports;
  PollingProgram program(ports.in.id(), ports.out.id());
  program.keep(true);
  ports.put(1);
  REQUIRE(eventually([&] { return program.kept() == 1; }));
  auto passing = std::make_unique<RingPort>(ports.buffers);
  passing->start();
  REQUIRE(eventually([&] { return is_up(passing->id()); }));
  rte_mbuf* packet = nullptr;
  REQUIRE(rte_eth_rx_burst(passing->id(), 0, &packet, 1) == 0);
  auto request = kPatient;
  request.settle = 10s;
  auto answer = std::async(std::launch::async, [&] { return agent().quiesce(request); });
  REQUIRE(eventually([] { return agent().state() == State::quiescing; }));
  passing.reset();
  program.keep(false);
  REQUIRE(eventually([&] { return ports.out.sent() == 1; }));
  for (dataplane::Bytes frame; ports.out.take(frame);) continue;
  CHECK(answer.get());
}

TEST_CASE("a quiesce while quiesced, and a resume while running, are refused and change nothing") {
  TwoPorts ports;
  REQUIRE(agent().quiesce(kPatient));
  const auto again = agent().quiesce(kPatient);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::failed_precondition);
  CHECK(again.error().message == "quiesced already; resume first");
  CHECK(agent().state() == State::quiesced);
  REQUIRE(agent().resume());
  const Status twice = agent().resume();
  REQUIRE_FALSE(twice);
  CHECK(twice.error().message == "not quiesced; it runs");
}

TEST_CASE("a resume calls off a quiesce that is under way; a second quiesce meanwhile is refused") {
  TwoPorts ports;
  PollingProgram program(ports.in.id(), ports.out.id());
  program.keep(true);
  ports.put(1);
  REQUIRE(eventually([&] { return program.kept() == 1; }));
  auto request = kPatient;
  request.settle = 10s;
  auto answer = std::async(std::launch::async, [&] { return agent().quiesce(request); });
  REQUIRE(eventually([] { return agent().state() == State::quiescing; }));
  const auto second = agent().quiesce(kPatient);
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "a quiesce is under way already");
  REQUIRE(agent().resume());
  const auto called_off = answer.get();
  REQUIRE_FALSE(called_off);
  CHECK(called_off.error().message == "resumed by another command");
  CHECK(agent().state() == State::running);
}

TEST_CASE("a program whose controller went away resumes by itself") {
  TwoPorts ports;
  auto request = kPatient;
  request.limit = 1ms;
  REQUIRE(agent().quiesce(request));
  CHECK(eventually([] { return agent().state() == State::running; }));
  CHECK(agent().status().last_error == "resumed by itself: nobody did within limit_us");
}

TEST_CASE("ports can be named; one that does not exist is an error and stops nothing") {
  TwoPorts ports;
  auto request = kPatient;
  request.ports = {ports.in.id(), 31};
  const auto refused = agent().quiesce(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "port 31 does not exist");
  CHECK(agent().state() == State::running);
  request.ports = {ports.in.id()};
  REQUIRE(agent().quiesce(request));
  ports.put(1);
  ports.out.put(kFrame);
  rte_mbuf* packet = nullptr;
  CHECK(rte_eth_rx_burst(ports.in.id(), 0, &packet, 1) == 0);
  REQUIRE(rte_eth_rx_burst(ports.out.id(), 0, &packet, 1) == 1);
  rte_pktmbuf_free(packet);
}

}  // namespace stillwater::quiesce::plugin
