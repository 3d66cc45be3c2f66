#include "tests/bench/quiesce_loss.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>

#include <rte_lcore.h>
#include <sched.h>

#include "quiesce/worker_barrier.h"
#include "tests/bench/link_worker.h"
#include "tests/bench/ring_worker.h"
#include "tests/rig/process/command.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kPause = 100us;  // a long blackout
constexpr Nanos kPeriod = 1ms;

// The engine's part: a thousand times a second to the boundary, a pause, and on. How many succeeded.
std::uint64_t pause_for(quiesce::WorkerBarrier& barrier, const Clock& clock, Nanos duration) {
  std::uint64_t quiesces = 0;
  const Instant end = clock.now() + duration;
  for (Instant next = clock.now(); clock.now() < end;) {
    next += kPeriod;
    if (barrier.quiesce(100ms)) {
      ++quiesces;
      const Instant until = clock.now() + kPause;
      while (clock.now() < until) __builtin_ia32_pause();
      barrier.resume();
    }
    if (const Nanos left = next - clock.now(); left > 0ns) std::this_thread::sleep_for(left);
  }
  return quiesces;
}

// Runs a worker under pauses and gives its account.
template <class Worker, class Load>
LossAccount run_under_pauses(const Load& load, unsigned seconds) {
  const BootClock clock;
  quiesce::WorkerBarrier barrier(1, clock);
  Worker worker(load, barrier.gate(0), clock);
  worker.launch(rte_get_next_lcore(-1, 1, 0));
  barrier.resume();
  const std::uint64_t quiesces = pause_for(barrier, clock, std::chrono::seconds(seconds));
  worker.stop();
  LossAccount account = worker.account();
  account.quiesces = quiesces;
  return account;
}

struct Series {
  std::vector<double> lost_where_held;  // by rate
  std::vector<double> off_the_model;    // packets, where the ring overflowed
  std::uint64_t windows = 0;
  std::uint64_t windows_held = 0;
  std::uint64_t quiesces = 0;
  std::uint64_t offered = 0;
};

void judge(Series& series, const char* what, double packets_per_s, const LossAccount& account) {
  const auto lost = static_cast<double>(account.lost());
  if (account.windows_held != 0)
    series.lost_where_held.push_back(static_cast<double>(account.lost_where_held));
  if (account.lost_by_model != 0)
    series.off_the_model.push_back(std::abs(lost - static_cast<double>(account.lost_by_model)));
  series.windows += account.windows;
  series.windows_held += account.windows_held;
  series.quiesces += account.quiesces;
  series.offered += account.offered;
  std::fprintf(
      stderr,
      "%s %9.0f packets/s: %llu offered, %llu lost, %llu by the model, %llu said by the port; %llu "
      "quiesces; longest gap %.0f us; in %llu of %llu windows the ring could hold every gap, lost "
      "there %llu%s\n",
      what, packets_per_s, static_cast<unsigned long long>(account.offered),
      static_cast<unsigned long long>(account.lost()), static_cast<unsigned long long>(account.lost_by_model),
      static_cast<unsigned long long>(account.missed_by_port),
      static_cast<unsigned long long>(account.quiesces), microseconds(account.largest_gap),
      static_cast<unsigned long long>(account.windows_held), static_cast<unsigned long long>(account.windows),
      static_cast<unsigned long long>(account.lost_where_held),
      account.short_of_buffers == 0 ? "" : "; VOID: the load ran out of buffers");
}

void add(Report& report, const std::string& where, const Series& series) {
  const std::string beside = std::to_string(series.quiesces) + " quiesces of 100 us over " +
                             std::to_string(series.offered) + " packets";
  if (!series.lost_where_held.empty())
    report.add({.id = "loss_packets_" + where,
                .unit = "packets",
                .samples = {*std::max_element(series.lost_where_held.begin(), series.lost_where_held.end())},
                .target = 0,
                .note = "greatest of " + std::to_string(series.lost_where_held.size()) + " rates, in the " +
                        std::to_string(series.windows_held) + " of " + std::to_string(series.windows) +
                        " windows of 10 ms in which the ring could hold every gap; " + beside});
  if (!series.off_the_model.empty())
    report.add({.id = "loss_packets_" + where + ".off_the_model",
                .unit = "packets",
                .samples = {*std::max_element(series.off_the_model.begin(), series.off_the_model.end())},
                .target = 32,
                .note = "greatest difference between lost and what the ring could not hold of the measured "
                        "gaps, of " +
                        std::to_string(series.off_the_model.size()) + " rates"});
}

}  // namespace

void add_losses(Report& report, unsigned seconds) {
  Series ring;
  constexpr std::uint32_t kRing = 512;
  for (const double mpps : {0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0})
    judge(
        ring, "ring     ", mpps * 1e6,
        run_under_pauses<RingWorker>(RingLoad{.packets_per_s = mpps * 1e6, .ring_packets = kRing}, seconds));
  add(report, "ring", ring);

  Series link;
  for (const double kpps : {1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0})
    judge(link, "namespace", kpps * 1e3, run_under_pauses<LinkWorker>(kpps * 1e3, seconds));
  add(report, "namespace", link);
}

Status make_link() {
  if (unshare(CLONE_NEWNET) != 0)
    return fail_errno("cannot make a network namespace (root is needed)", errno);
  const std::vector<std::vector<std::string>> steps = {
      {"ip", "link", "add", "bench-a", "type", "veth", "peer", "name", "bench-b"},
      {"ip", "link", "set", "bench-a", "addrgenmode", "none", "arp", "off", "up"},
      {"ip", "link", "set", "bench-b", "addrgenmode", "none", "arp", "off", "up"}};
  for (const std::vector<std::string>& step : steps)
    if (auto done = rig::must_run(step); !done) return tl::unexpected(done.error());
  return {};
}

}  // namespace stillwater::bench
