// Packet functions of several threads on the interface agent, and such as do with packets what they like.
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "quiesce/interface_agent.h"
#include "quiesce/worker_barrier.h"
#include "tests/unit/dpdk/ring_port.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using namespace stillwater::quiesce;

namespace {

const Bytes kFrame(60, 0x5a);

std::unique_ptr<HandoverRing> ring_of(std::uint32_t packets) {
  return HandoverRing::create("stage", packets).value();
}

// Receives on one lcore, transmits on another, and counts for itself what it has inside.
struct Pipeline {
  Pipeline() : in(buffers), out(buffers), barrier(2, clock) {
    in.start();
    out.start();
    barrier.count(*ring);
    barrier.resume();
    stages[0] = std::thread([this] { receive(); });
    stages[1] = std::thread([this] { transmit(); });
  }
  ~Pipeline() {
    end = true;
    if (barrier.quiesced()) barrier.resume();
    for (std::thread& stage : stages) stage.join();
  }

  void receive() {
    InterfaceAgent agent(barrier.gate(0), {{in.id(), 0}});
    rte_mbuf* packets[8];
    while (!end) {
      const std::uint16_t n = agent.rx_burst(in.id(), 0, packets, 8);
      inside += n;
      const std::uint16_t fitted = agent.put(*ring, packets, n);
      agent.free(packets + fitted, static_cast<std::uint16_t>(n - fitted));
      inside -= n - fitted;
      dropped += n - fitted;
      agent.at_boundary();
    }
  }
  void transmit() {
    InterfaceAgent agent(barrier.gate(1), {}, {ring.get()});
    rte_mbuf* packets[8];
    Random random(3);
    while (!end) {
      const std::uint16_t n = agent.take(*ring, packets, 8);
      for (unsigned spins = random() % 300; n != 0 && spins > 0; --spins) __builtin_ia32_pause();
      for (std::uint16_t sent = 0; sent < n;)
        sent = static_cast<std::uint16_t>(
            sent + agent.tx_burst(out.id(), 0, packets + sent, static_cast<std::uint16_t>(n - sent)));
      inside -= n;
      agent.at_boundary();
    }
  }

  BootClock clock;
  TestBuffers buffers;
  RingPort in, out;
  std::unique_ptr<HandoverRing> ring = ring_of(15);
  WorkerBarrier barrier;
  std::atomic<int> inside{0};
  std::atomic<int> dropped{0};
  std::atomic<bool> end{false};
  std::thread stages[2];
};

}  // namespace

TEST_CASE("Q4: a pipeline of lcores is quiesced only when its rings are empty too, and loses nothing by it") {
  Pipeline f;
  int put = 0;
  int taken = 0;
  for (int round = 0; round < 300; ++round) {
    REQUIRE(eventually([&] { return f.in.waiting() < 64; }));
    for (int i = 0; i < 12; ++i, ++put) f.in.put(kFrame);
    REQUIRE(f.barrier.quiesce(5s));
    REQUIRE(f.inside == 0);
    REQUIRE(f.ring->empty());
    const unsigned waiting = f.in.waiting();
    for (Bytes frame; f.out.take(frame);) ++taken;
    REQUIRE(taken + f.dropped + static_cast<int>(waiting) == put);
    f.barrier.resume();
  }
}

TEST_CASE(
    "Q8: packets in a ring that nobody empties: the time-out names the ring and how many, and all goes on") {
  BootClock clock;
  TestBuffers buffers;
  RingPort port(buffers);
  port.start();
  WorkerBarrier barrier(2, clock);
  const auto ring = ring_of(15);
  barrier.count(*ring);
  barrier.resume();
  InterfaceAgent first(barrier.gate(0), {{port.id(), 0}});
  for (int i = 0; i < 3; ++i) port.put(kFrame);
  rte_mbuf* packets[8];
  REQUIRE(first.rx_burst(port.id(), 0, packets, 8) == 3);
  REQUIRE(first.put(*ring, packets, 3) == 3);
  REQUIRE(first.in_flight() == 0);
  std::thread stage([&] {
    while (!barrier.gate(0).stop.load()) continue;
    first.at_boundary();
  });
  const Status status = barrier.quiesce(20ms);
  stage.join();
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::timed_out);
  CHECK_THAT(status.error().message, Catch::Contains("ring stage") && Catch::Contains("3 packets"));

  InterfaceAgent second(barrier.gate(1), {}, {ring.get()});
  REQUIRE(second.take(*ring, packets, 8) == 3);
  CHECK(second.tx_burst(port.id(), 0, packets, 3) == 3);
}

TEST_CASE("Q8: a worker that died is told apart from one that holds packets") {
  BootClock clock;
  WorkerBarrier barrier(2, clock);
  barrier.resume();
  InterfaceAgent dead(barrier.gate(1), {});  // its thread never comes to a boundary again
  const Status status = barrier.quiesce(20ms);
  REQUIRE_FALSE(status);
  CHECK_THAT(status.error().message,
             Catch::Contains("worker 1 did not come to its boundary") && !Catch::Contains("worker 0"));
  CHECK_FALSE(barrier.quiesced());
}

TEST_CASE("a ring takes what fits, keeps the order, and the caller keeps the others") {
  TestBuffers buffers;
  const auto ring = ring_of(7);
  rte_mbuf* packets[12];
  for (rte_mbuf*& packet : packets) packet = rte_pktmbuf_alloc(buffers.pool());
  REQUIRE(ring->put(packets, 12) == 7);
  REQUIRE(ring->put(packets + 7, 5) == 0);
  rte_mbuf* taken[12];
  REQUIRE(ring->take(taken, 12) == 7);
  CHECK(std::equal(taken, taken + 7, packets));
  CHECK(ring->put() == 7);
  CHECK(ring->settled() == 0);
  ring->settle();
  CHECK(ring->settled() == 7);
  rte_pktmbuf_free_bulk(packets, 12);
}

TEST_CASE("Q4: no early indication of a function that drops, clones, and holds a packet for 50 ms") {
  BootClock clock;
  TestBuffers buffers;
  RingPort port(buffers);
  port.start();
  WorkerBarrier barrier(1, clock);
  barrier.resume();
  std::atomic<bool> end{false};
  std::atomic<int> inside{0};  // the function's own account
  std::atomic<int> kept{0};    // packets that it kept for 50 ms
  std::thread worker([&] {
    InterfaceAgent agent(barrier.gate(0), {{port.id(), 0}});
    Random random(5);
    rte_mbuf* keeping = nullptr;
    Instant until{};
    const auto send = [&](rte_mbuf* packet) {
      if (agent.tx_burst(port.id(), 0, &packet, 1) == 0) agent.free(&packet, 1);
      --inside;
    };
    while (!end || keeping != nullptr) {
      rte_mbuf* packet = nullptr;
      if (agent.rx_burst(port.id(), 0, &packet, 1) == 1) {
        ++inside;
        const unsigned chance = random() % 8;
        if (chance == 0 && keeping == nullptr) {
          keeping = packet;
          until = clock.now() + 50ms;
          ++kept;
        } else if (chance < 3) {
          agent.free(&packet, 1);
          --inside;
        } else if (chance < 5) {
          rte_mbuf* clone = rte_pktmbuf_clone(packet, buffers.pool());
          agent.adopt(1);
          ++inside;
          send(clone);
          send(packet);
        } else {
          send(packet);
        }
      }
      if (keeping != nullptr && clock.now() >= until) send(std::exchange(keeping, nullptr));
      agent.at_boundary();
    }
  });
  for (int quiesces = 0; kept < 5 || quiesces < 50; ++quiesces) {
    for (int i = 0; i < 6; ++i) port.put(kFrame);
    const bool all_received = eventually([&] { return port.waiting() == 0; });
    const bool quiesced = all_received && barrier.quiesce(5s).has_value();
    const int left = inside;
    if (quiesced) barrier.resume();
    for (Bytes frame; port.take(frame);) continue;
    if (!quiesced || left != 0) {
      end = true;
      worker.join();
      FAIL("quiesced " << quiesced << " with " << left << " packets inside");
    }
  }
  end = true;
  worker.join();
}

TEST_CASE(
    "Q8: a port that stops in the middle: its packets are freed by the function, and the quiesce succeeds") {
  BootClock clock;
  TestBuffers buffers;
  RingPort port(buffers);
  port.start();
  WorkerBarrier barrier(1, clock);
  barrier.resume();
  InterfaceAgent agent(barrier.gate(0), {{port.id(), 0}});
  for (int i = 0; i < 3; ++i) port.put(kFrame);
  rte_mbuf* packets[8];
  REQUIRE(agent.rx_burst(port.id(), 0, packets, 8) == 3);
  REQUIRE(rte_eth_dev_stop(port.id()) == 0);
  std::thread engine([&] {
    if (barrier.quiesce(5s)) barrier.resume();
  });
  while (!barrier.gate(0).stop.load()) continue;
  CHECK_FALSE(agent.at_boundary());
  const std::uint16_t sent = agent.tx_burst(port.id(), 0, packets, 3);
  CHECK(sent == 0);
  agent.free(packets + sent, static_cast<std::uint16_t>(3 - sent));
  CHECK(agent.at_boundary());
  engine.join();
  REQUIRE(rte_eth_dev_start(port.id()) == 0);
}
