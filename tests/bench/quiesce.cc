// What bringing packet functions to a packet boundary costs: the time it takes, the calls of the agent beside
// DPDK's own, and what pauses lose.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <CLI/CLI.hpp>
#include <rte_lcore.h>

#include "dataplane/control/eal.h"
#include "tests/bench/agent_overhead.h"
#include "tests/bench/quiesce_loss.h"
#include "tests/bench/report.h"
#include "tests/bench/ring_worker.h"

namespace stillwater::bench {
namespace {

using dataplane::IdleStrategy;

struct Latencies {
  std::vector<double> request_us, resume_us;
};

// Workers that forward a paced load, each of `packets_per_s`; `quiesces` times to the boundary and on.
Latencies measure(unsigned workers, IdleStrategy idle, double packets_per_s, unsigned quiesces) {
  const BootClock clock;
  quiesce::WorkerBarrier barrier(workers, clock);
  std::vector<std::unique_ptr<RingWorker>> running;
  unsigned lcore = RTE_MAX_LCORE;
  for (unsigned i = 0; i < workers; ++i) {
    lcore = rte_get_next_lcore(i == 0 ? -1 : lcore, 1, 0);
    running.push_back(std::make_unique<RingWorker>(RingLoad{.packets_per_s = packets_per_s, .idle = idle},
                                                   barrier.gate(i), clock));
    running.back()->launch(lcore);
  }
  barrier.resume();
  Latencies seen;
  for (unsigned i = 0; i < quiesces; ++i) {
    std::this_thread::sleep_for(1ms);
    const Instant request = clock.now();
    if (!barrier.quiesce(1s)) continue;
    seen.request_us.push_back(microseconds(clock.now() - request));
    const Instant resume = clock.now();
    barrier.resume();
    Instant first{};
    while (first == Instant{} && clock.now() - resume < 50ms)
      first = running.front()->first_packet_after(resume);
    if (first != Instant{}) seen.resume_us.push_back(microseconds(first - resume));
  }
  for (auto& worker : running) worker->stop();
  return seen;
}

void add_latencies(Report& report, unsigned quiesces) {
  constexpr double kMpps = 1e6;
  const Latencies one = measure(1, IdleStrategy::busy, kMpps, quiesces);
  report.add({.id = "request_to_quiesced_us_1w",
              .unit = "us",
              .samples = one.request_us,
              .target = 5,
              .note = "one busy worker that forwards 1 Mpps"});
  report.add({.id = "resume_to_first_packet_us",
              .unit = "us",
              .samples = one.resume_us,
              .note = "the same: from resume to the first packet received"});
  const Latencies two = measure(2, IdleStrategy::busy, kMpps / 2, quiesces);
  report.add(
      {.id = "request_to_quiesced_us_2w",
       .unit = "us",
       .samples = two.request_us,
       .note = "two busy workers, 0.5 Mpps each; where there are two cores they share one with the asker"});
  const Latencies sleepy = measure(1, IdleStrategy::sleep, kMpps / 100, quiesces);
  report.add({.id = "request_to_quiesced_us_1w_sleep",
              .unit = "us",
              .samples = sleepy.request_us,
              .note = "a worker that sleeps when idle, 10 kpps: one that sleeps counts as quiesced"});
  report.add({.id = "resume_to_first_packet_us_sleep", .unit = "us", .samples = sleepy.resume_us});
}

int run(const std::string& out, unsigned quiesces, unsigned seconds) {
  dataplane::EalOptions eal;
  eal.memory_mib = 256;
  eal.workers = 2;
  if (Status ready = make_link().and_then([&] { return dataplane::init_eal(eal); }); !ready) {
    std::fprintf(stderr, "%s\n", ready.error().message.c_str());
    return 1;
  }
  Report report("quiesce");
  std::fprintf(stderr, "latencies ...\n");
  add_latencies(report, quiesces);
  std::fprintf(stderr, "overhead of the agent's calls ...\n");
  add_agent_overhead(report);
  add_losses(report, seconds);
  report.print();
  if (Status written = report.write(out); !written) {
    std::fprintf(stderr, "%s\n", written.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_quiesce: the way to a packet boundary and back, and what it costs"};
  std::string out = "quiesce.json";
  unsigned quiesces = 3000;
  unsigned seconds = 10;
  app.add_option("--out", out, "report file (JSON)")->capture_default_str();
  app.add_option("--quiesces", quiesces, "quiesces a latency figure")
      ->capture_default_str()
      ->check(CLI::Range(10, 100000));
  app.add_option("--seconds", seconds, "of load at each of the 10 rates, over rings and over a link")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  CLI11_PARSE(app, argc, argv);
  return stillwater::bench::run(out, quiesces, seconds);
}
