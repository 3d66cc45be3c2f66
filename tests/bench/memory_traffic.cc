#include "tests/bench/memory_traffic.h"

#include <memory>
#include <thread>

#include <rte_ethdev.h>

#include "ckpt_engine/trackers/barrier_tracker.h"
#include "dataplane/dataplane.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/established_tcp.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

constexpr std::uint32_t kSessions = 1'000'000;
constexpr double kPacketsPerS = 3e6;
constexpr Nanos kWindow = 1s;
constexpr Nanos kInterval = 1ms;
constexpr Nanos kRegionNow = 1000s;

// The dataplane's barrier, with a note of every pause that anybody asks for, and what was dirty by then.
class NotingBarrier final : public Barrier {
 public:
  NotingBarrier(Barrier& barrier, const region::WorkerMarks& marks) : barrier_(barrier), marks_(marks) {}

  Status quiesce(Nanos timeout) override {
    note();
    request_ = clock_.now();
    Status quiesced = barrier_.quiesce(timeout);
    hard_lines.push_back(marks_.hard->count());
    soft_lines.push_back(marks_.soft->count());
    return quiesced;
  }
  void resume() override {
    barrier_.resume();
    resumed_ = true;
  }
  Instant last_told() const override { return barrier_.last_told(); }
  Instant last_resumed() const override { return barrier_.last_resumed(); }

  // The pause before: the worker has long said when it went on.
  void note() {
    if (resumed_) pauses_us.push_back(microseconds(barrier_.last_resumed() - request_));
    resumed_ = false;
  }

  std::vector<double> pauses_us, hard_lines, soft_lines;

 private:
  Barrier& barrier_;
  const region::WorkerMarks& marks_;
  BootClock clock_;
  Instant request_{};
  bool resumed_ = false;
};

// The firewall with its table full of established sessions, last seen in the seconds before now.
class Traffic {
 public:
  Traffic() : config_(firewall(kSessions)) {
    region::Layout layout;
    dataplane::Dataplane::add_roots(layout, config_);
    region_ = must(region::Region::create(layout), "region");
    region_->set_identity({1}, 1);
    permit_.set_until(TransmitPermit::kForever);
    plane_ = must(dataplane::Dataplane::create(config_, *region_, epochs_, permit_, clock_), "dataplane");
    fill_established(*region_, kSessions, config_.rules.front().id, kRegionNow);
    plane_->continue_region_time(kRegionNow);
    inside_.attach(port_id("net_null0"));
    outside_.attach(port_id("net_null1"));
    must(plane_->start(), "start");
    tracker_ = std::make_unique<trackers::BarrierTracker>(*region_, std::vector{&plane_->marks(0)});
    barrier_ = std::make_unique<NotingBarrier>(plane_->barrier(), plane_->marks(0));
    engine::Policy policy;
    policy.quiesce_timeout = 1s;  // a worker may lose its core for a while; that shows in the pauses
    engine_ = std::make_unique<engine::Engine>(
        engine::Engine::Parts{*region_, *tracker_, *barrier_, epochs_, clock_,
                              must(engine::Staging::create(32u << 20), "staging")},
        policy);
    engine_->lead_from(0);
    plane_->barrier().resume();
    must(engine_->first_sync(standby_, [](std::uint64_t) {}), "first sync");
    acknowledge();
  }
  ~Traffic() { plane_->stop(); }

  // Checkpoints at 1 kHz for a window, whether anything hard changed or not, and soft lines at their own
  // interval.
  void run_window() {
    const Instant end = clock_.now() + kWindow;
    for (Instant next = clock_.now(); next < end;) {
      must(engine_->checkpoint(standby_), "checkpoint");
      acknowledge();
      must(engine_->ship_soft_if_due(standby_, clock_.now()), "soft lines");
      next += kInterval;
      std::this_thread::sleep_for(next - clock_.now());
    }
    barrier_->note();
  }
  [[nodiscard]] NotingBarrier& barrier() { return *barrier_; }
  [[nodiscard]] std::uint64_t offered() const { return inside_.offered() + outside_.offered(); }
  [[nodiscard]] std::uint64_t lost() const { return inside_.lost() + outside_.lost(); }
  [[nodiscard]] std::uint64_t forwarded() const {
    std::uint64_t sum = 0;
    for (const dataplane::PortStats& port : plane_->port_stats()) sum += port.tx_packets;
    return sum;
  }

 private:
  void acknowledge() {
    must(engine_->acknowledged({engine_->committed() + 1, region_->header().term}), "acknowledgement");
  }
  static std::uint16_t port_id(const char* name) {
    std::uint16_t id = 0;
    if (rte_eth_dev_get_port_by_name(name, &id) != 0) std::abort();
    return id;
  }

  dataplane::Config config_;
  BootClock clock_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  std::unique_ptr<region::Region> region_;
  EstablishedTcp inside_{EstablishedTcp::Side::inside, kSessions, kPacketsPerS / 2};
  EstablishedTcp outside_{EstablishedTcp::Side::outside, kSessions, kPacketsPerS / 2};
  std::unique_ptr<dataplane::Dataplane> plane_;
  std::unique_ptr<trackers::BarrierTracker> tracker_;
  std::unique_ptr<NotingBarrier> barrier_;
  std::unique_ptr<engine::Engine> engine_;
  NullStandby standby_;
};

}  // namespace

void add_soft_traffic(Report& report, unsigned repetitions) {
  pin_this_thread_to_first_core();
  Traffic traffic;
  traffic.run_window();  // neighbours learned, caches warm
  Measurement pause{.id = "soft_traffic_blackout_us", .unit = "us", .samples = {}};
  pause.note = "3 Mpps of established TCP over 1,000,000 sessions in random order, a checkpoint every ms";
  Measurement share{.id = "soft_traffic.paused_share", .unit = "", .samples = {}, .target = 0.02};
  Measurement hard{.id = "soft_traffic.hard_lines", .unit = "lines", .samples = {}};
  Measurement soft{.id = "soft_traffic.soft_lines", .unit = "lines", .samples = {}};
  Measurement rate{.id = "soft_traffic.forwarded", .unit = "Mpps", .samples = {}};
  rate.bound = kPacketsPerS / 1e6;
  rate.target = 0.99;
  rate.higher_is_better = true;
  rate.note = "the bound is what is offered";
  soft.note = "that were dirty at the most in a window, before the shipment that the interval allows";
  Measurement lost{.id = "soft_traffic.lost", .unit = "packets", .samples = {}};
  lost.note = "that two receive rings of 1,024 could not have kept";
  for (unsigned i = 0; i < repetitions; ++i) {
    NotingBarrier& barrier = traffic.barrier();
    barrier.pauses_us.clear(), barrier.hard_lines.clear(), barrier.soft_lines.clear();
    const std::uint64_t forwarded = traffic.forwarded(), lost_before = traffic.lost();
    const Instant begin = BootClock{}.now();
    traffic.run_window();
    const Nanos elapsed = BootClock{}.now() - begin;
    double paused_us = 0;
    for (const double us : barrier.pauses_us) paused_us += us;
    pause.samples.insert(pause.samples.end(), barrier.pauses_us.begin(), barrier.pauses_us.end());
    share.samples.push_back(paused_us / microseconds(elapsed));
    hard.samples.push_back(percentile(barrier.hard_lines, 1));
    soft.samples.push_back(percentile(barrier.soft_lines, 1));
    rate.samples.push_back(static_cast<double>(traffic.forwarded() - forwarded) / microseconds(elapsed));
    lost.samples.push_back(static_cast<double>(traffic.lost() - lost_before));
  }
  for (const Measurement& m : {pause, share, hard, soft, rate, lost}) report.add(m);
}

}  // namespace stillwater::bench
