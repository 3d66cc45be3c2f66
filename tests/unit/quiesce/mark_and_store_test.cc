// A worker that stands between the mark of a line and the store into it: the barrier waits for the store, so
// that no checkpoint takes the mark without it.
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/region/turn.h"
#include "ckpt_engine/trackers/barrier_tracker.h"
#include "quiesce/interface_agent.h"
#include "quiesce/worker_barrier.h"
#include "tests/unit/dpdk/ring_port.h"
#include "tests/unit/standby/deliver.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using namespace stillwater::quiesce;

namespace {

struct Count {
  static constexpr region::StateClass kStateClass = region::StateClass::hard;
  std::uint64_t value;
};

std::unique_ptr<region::Region> make_region() {
  region::Layout layout;
  layout.add("count", region::StateClass::hard, sizeof(Count), sizeof(Count));
  auto made = region::Region::create(layout);
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

const Count& count_of(const region::Region& region) {
  return *reinterpret_cast<const Count*>(region.root("count").data);
}

// Counts packets in the region; stands between mark and store for as long as `stand` says.
class CountingWorker {
 public:
  enum class Stand { not_at_all, until_asked_to_quiesce, until_told };

  CountingWorker(WorkerGate& gate, RingPort& port, region::Region& region, CommittedEpoch& epochs)
      : marks(region::kDataOffset, region.soft_begin(), region.size()),
        gate_(gate),
        port_(port),
        count_(count_of(region)),
        epochs_(epochs),
        turn_(region, marks),
        agent_(gate, {{port.id(), 0}}) {
    thread_ = std::thread([this] { run(); });
  }
  ~CountingWorker() {
    stand = Stand::not_at_all;
    agent_.end();
    gate_.stop = false;
    thread_.join();
  }

  std::atomic<Stand> stand{Stand::not_at_all};
  std::atomic<bool> marked{false};  // and not yet stored
  region::WorkerMarks marks;

 private:
  void run() {
    while (!agent_.ending()) {
      rte_mbuf* packet = nullptr;
      if (agent_.rx_burst(port_.id(), 0, &packet, 1) == 1) process(packet);
      static_cast<void>(agent_.at_boundary());
    }
  }
  void process(rte_mbuf* packet) {
    turn_.begin(epochs_.current(), 1s);
    {
      region::Write<Count> write(turn_, count_);
      marked = true;
      while (stand == Stand::until_told || (stand == Stand::until_asked_to_quiesce && !gate_.stop))
        std::this_thread::yield();
      write->value += 1;
      marked = false;
    }
    agent_.free(&packet, 1);
  }

  WorkerGate& gate_;
  RingPort& port_;
  const Count& count_;
  CommittedEpoch& epochs_;
  region::Turn turn_;
  InterfaceAgent agent_;
  std::thread thread_;
};

struct Mirrored : wire::Transport {
  Mirrored() {
    port.start();
    active->set_identity({1}, 1);
    engine.lead_from(0);
    barrier.resume();
    receiver.connected();
    set_patience(20s);
    REQUIRE(engine.first_sync(*this, [](std::uint64_t) {}));
    acknowledge();
  }
  [[nodiscard]] Status send(wire::Bytes bytes) override { return tests::deliver(receiver, bytes); }
  void acknowledge() {
    std::vector<std::byte> output = receiver.take_output();
    const auto frame = wire::parse(output);
    REQUIRE((frame && frame->has_value()));
    REQUIRE((*frame)->type == wire::Type::ack);
    REQUIRE(engine.acknowledged(*wire::body_of<wire::Ack>(**frame)));
  }
  void set_patience(Nanos patience) {
    policy.quiesce_timeout = patience;
    engine.set_policy(policy);
  }
  // One packet; returns once its worker stands between mark and store.
  void arrive_and_stand(CountingWorker::Stand until) {
    worker.stand = until;
    port.put(dataplane::Bytes(60, 0x5a));
    REQUIRE(eventually([&] { return worker.marked.load(); }));
  }

  BootClock clock;
  TestBuffers buffers;
  RingPort port{buffers};
  CommittedEpoch epochs;
  std::unique_ptr<region::Region> active = make_region(), standby = make_region();
  WorkerBarrier barrier{1, clock};
  CountingWorker worker{barrier.gate(0), port, *active, epochs};
  trackers::BarrierTracker tracker{*active, {&worker.marks}};
  engine::Policy policy;
  engine::Engine engine{
      {*active, tracker, barrier, epochs, clock, std::move(*engine::Staging::create(1u << 20))}, policy};
  standby::ReservedBuffer reserved = std::move(*standby::ReservedBuffer::create(1u << 20));
  standby::Receiver receiver{*standby, reserved, {}};
};

}  // namespace

TEST_CASE("Q4 M3: a worker that stands between mark and store keeps the barrier from its indication") {
  Mirrored m;
  m.arrive_and_stand(CountingWorker::Stand::until_told);
  m.set_patience(5ms);
  const Status taken = m.engine.checkpoint(m);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == Errc::timed_out);
  CHECK(m.worker.marked);
  CHECK(m.tracker.dirty_bytes_hint() == region::kLineBytes);  // its mark was not taken
  CHECK(count_of(*m.standby).value == 0);

  m.worker.stand = CountingWorker::Stand::not_at_all;
  m.set_patience(20s);
  REQUIRE(m.engine.checkpoint(m));
  m.acknowledge();
  CHECK(count_of(*m.standby).value == 1);
}

TEST_CASE(
    "Q4 M3: a store that comes only after the quiesce was asked for is in that checkpoint, every time") {
  Mirrored m;
  for (std::uint64_t n = 1; n <= 300; ++n) {
    m.arrive_and_stand(CountingWorker::Stand::until_asked_to_quiesce);
    REQUIRE(m.engine.checkpoint(m));
    m.acknowledge();
    REQUIRE(count_of(*m.standby).value == n);
  }
}
