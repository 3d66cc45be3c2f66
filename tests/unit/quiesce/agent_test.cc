// A packet function on the interface agent, brought to its packet boundary. The function runs in the test's
// thread, call by call; the engine's side in another.
#include <atomic>
#include <future>

#include <catch2/catch.hpp>

#include "quiesce/interface_agent.h"
#include "quiesce/worker_barrier.h"
#include "tests/unit/dpdk/ring_port.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using namespace stillwater::quiesce;

namespace {

const Bytes kFrame(60, 0x5a);

struct Function {
  Function() : port(buffers), barrier(1, clock), agent(barrier.gate(0), {{port.id(), 0}}) {
    port.start();
    barrier.resume();
  }

  void arrive(int frames) {
    for (int i = 0; i < frames; ++i) port.put(kFrame);
  }
  std::uint16_t receive() {
    const std::uint16_t n = agent.rx_burst(port.id(), 0, hand + in_hand, 8);
    in_hand += n;
    return n;
  }
  std::uint16_t transmit(std::uint16_t n) {
    const std::uint16_t sent = agent.tx_burst(port.id(), 0, hand, n);
    std::copy(hand + sent, hand + in_hand, hand);
    in_hand = static_cast<std::uint16_t>(in_hand - sent);
    return sent;
  }
  // The engine asks for a boundary, notes what it sees there, and lets the function go on.
  [[nodiscard]] std::future<Status> quiesce_and_resume(Nanos timeout) {
    auto asked = std::async(std::launch::async, [this, timeout] {
      const Status status = barrier.quiesce(timeout);
      if (!status) return status;
      indicated = true;
      waiting_at_boundary = port.waiting();
      barrier.resume();
      return status;
    });
    REQUIRE(eventually([&] { return barrier.gate(0).stop.load(); }));
    return asked;
  }

  BootClock clock;
  TestBuffers buffers;
  RingPort port;
  WorkerBarrier barrier;
  InterfaceAgent agent;
  rte_mbuf* hand[64];
  std::uint16_t in_hand = 0;
  std::atomic<bool> indicated{false};
  unsigned waiting_at_boundary = 0;
};

}  // namespace

TEST_CASE("Q3: once asked to quiesce, receive says none while packets wait, and none is lost") {
  Function f;
  f.arrive(3);
  REQUIRE(f.receive() == 3);
  auto asked = f.quiesce_and_resume(5s);
  f.arrive(4);
  for (int i = 0; i < 100; ++i) REQUIRE(f.receive() == 0);
  CHECK(f.port.waiting() == 4);
  REQUIRE(f.transmit(3) == 3);
  REQUIRE(f.agent.at_boundary());
  REQUIRE(asked.get());
  CHECK(f.waiting_at_boundary == 4);
  CHECK(f.receive() == 4);
  REQUIRE(f.transmit(4) == 4);
  CHECK(f.port.sent() == 7);
}

TEST_CASE("Q4: the quiesced indication comes only when the function holds no packet") {
  Function f;
  f.arrive(3);
  REQUIRE(f.receive() == 3);
  auto asked = f.quiesce_and_resume(5s);
  for (std::uint16_t left = 3; left > 0; --left) {
    REQUIRE_FALSE(f.agent.at_boundary());
    REQUIRE_FALSE(f.indicated);
    REQUIRE(f.transmit(1) == 1);
  }
  REQUIRE(f.agent.at_boundary());
  REQUIRE(asked.get());
  CHECK(f.indicated);
  CHECK(f.port.sent() == 3);
}

TEST_CASE("Q4: a packet declared held does not keep the function from its boundary, and stays") {
  Function f;
  f.arrive(2);
  REQUIRE(f.receive() == 2);
  f.agent.hold(1);
  auto asked = f.quiesce_and_resume(5s);
  REQUIRE_FALSE(f.agent.at_boundary());
  REQUIRE(f.transmit(1) == 1);
  REQUIRE(f.agent.at_boundary());
  REQUIRE(asked.get());
  CHECK(f.barrier.held() == 1);
  f.agent.unhold(1);
  CHECK(f.transmit(1) == 1);
}

TEST_CASE("Q5: at the boundary the function's memory is whole, visible and stands still") {
  BootClock clock;
  WorkerBarrier barrier(1, clock);
  std::uint64_t begun = 0, ended = 0;  // plain memory: the barrier alone orders it
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    InterfaceAgent agent(barrier.gate(0), {});
    for (unsigned turn = 0; !stop; ++turn) {
      if (turn % 7 == 0)
        agent.park(1'000);
      else
        agent.at_boundary();
      if (stop) break;
      ++begun;
      for (int i = 0; i < 50; ++i) __builtin_ia32_pause();
      ++ended;
    }
  });
  barrier.resume();
  for (int round = 0; round < 300; ++round) {
    REQUIRE(barrier.quiesce(5s));
    const std::uint64_t seen = begun;
    REQUIRE(ended == seen);
    for (int i = 0; i < 50; ++i) __builtin_ia32_pause();
    REQUIRE(begun == seen);
    barrier.resume();
  }
  stop = true;
  worker.join();
}

TEST_CASE(
    "Q8: a function that never drains: the time-out names worker and packets, it goes on, nothing is lost") {
  Function f;
  f.arrive(3);
  REQUIRE(f.receive() == 3);
  auto asked = f.quiesce_and_resume(20ms);
  f.arrive(2);
  while (asked.wait_for(0s) != std::future_status::ready) REQUIRE_FALSE(f.agent.at_boundary());
  const Status status = asked.get();
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::timed_out);
  CHECK_THAT(status.error().message, Catch::Contains("worker 0") && Catch::Contains("3 packets"));
  CHECK_FALSE(f.barrier.gate(0).stop.load());
  CHECK(f.receive() == 2);
  REQUIRE(f.transmit(5) == 5);
  CHECK(f.port.sent() == 5);
}

TEST_CASE("quiesce while quiesced is refused and changes nothing; resume while running changes nothing") {
  Function f;
  f.barrier.resume();
  f.arrive(1);
  REQUIRE(f.receive() == 1);
  REQUIRE(f.transmit(1) == 1);
  std::thread function([&f] {
    while (!f.agent.at_boundary()) continue;
  });
  REQUIRE(f.barrier.quiesce(5s));
  const Status again = f.barrier.quiesce(5s);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::failed_precondition);
  CHECK(f.barrier.quiesced());
  f.barrier.resume();
  function.join();
  f.arrive(1);
  CHECK(f.receive() == 1);
}

TEST_CASE("Q7: a worker wakes quiesced") {
  BootClock clock;
  WorkerBarrier barrier(1, clock);
  CHECK(barrier.quiesced());
  CHECK(barrier.gate(0).stop.load());
}
