#include "dataplane/dataplane.h"

#include <algorithm>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/control/buffers.h"
#include "dataplane/names.h"
#include "dataplane/shard.h"

namespace stillwater::dataplane {

void Dataplane::add_roots(region::Layout& layout, const Config& config) {
  for (unsigned shard = 0; shard < config.workers; ++shard) State::add_roots(layout, shard, config);
}

Dataplane::Dataplane(const Config& config, region::Region& region, CommittedEpoch& epochs,
                     const TransmitPermit& permit, const Clock& clock)
    : config_(config),
      region_(region),
      epochs_(epochs),
      permit_(permit),
      clock_(clock),
      barrier_(config.workers, clock),
      tables_(std::make_unique<Tables>()) {}

Dataplane::~Dataplane() { stop(); }

Result<std::unique_ptr<Dataplane>> Dataplane::create(const Config& config, region::Region& region,
                                                     CommittedEpoch& epochs, const TransmitPermit& permit,
                                                     const Clock& clock) {
  std::unique_ptr<Dataplane> dataplane(new Dataplane(config, region, epochs, permit, clock));
  if (auto opened = dataplane->open_ports(); !opened) return tl::unexpected(opened.error());
  Tables& tables = *dataplane->tables_;
  if (auto made = dataplane->make_rings(); !made) return tl::unexpected(made.error());
  std::vector<Service::Opened> opened;
  for (const auto& port : tables.ports) opened.push_back({port->dpdk_id(), port->rx_queues()});
  const auto pass_turns = [plane = dataplane.get()] { return plane->pass_turns(); };
  auto routes = RouteTable::create(config, pass_turns);
  if (!routes) return tl::unexpected(routes.error());
  tables.routes = std::move(*routes);
  dataplane->count_routes();
  tables.next_hops = std::make_unique<NextHopTracker>(dataplane->config_, *tables.routes, pass_turns, clock);
  tables.next_hops->follow_routes();
  auto policy = PolicyTable::create(config, pass_turns);
  if (!policy) return tl::unexpected(policy.error());
  tables.policy = std::move(*policy);
  auto service = Service::build(config, opened, tables.routes->published(), tables.policy->published());
  if (!service) return tl::unexpected(service.error());
  tables.service = std::make_unique<Service>(std::move(*service));
  auto handover = Handover::create(*tables.service, tables.buffers.get());
  if (!handover) return tl::unexpected(handover.error());
  tables.handover = std::move(*handover);
  tables.region_clock = {.base = region.region_now(), .started = clock.now()};
  for (unsigned worker = 0; worker < config.workers; ++worker)
    dataplane->shards_.push_back(std::make_unique<Shard>(region, worker, config));
  for (const auto& shard : dataplane->shards_)
    if (!shard->state.sessions.admission.is_made() || !shard->state.sessions6.admission.is_made())
      return fail(Errc::resource_exhausted,
                  "no memory to count sessions by source; expected more dataplane.memory, fewer "
                  "dataplane.sessions or no limits.*_per_source");
  return dataplane;
}

Status Dataplane::open_ports() {
  auto buffers = make_buffers(config_);
  if (!buffers) return tl::unexpected(buffers.error());
  tables_->buffers = std::move(*buffers);
  for (const PortConfig& port : config_.ports) {
    if (port.device.empty()) {
      tables_->device_of.push_back(tables_->device_of[*find_port(config_, port.parent)]);
      continue;
    }
    auto opened = Port::open(port, static_cast<std::uint16_t>(config_.workers), tables_->buffers.get());
    if (!opened) return tl::unexpected(opened.error());
    tables_->device_of.push_back(tables_->ports.size());
    tables_->ports.push_back(std::move(*opened));
  }
  return {};
}

// One from each worker to each other.
Status Dataplane::make_rings() {
  tables_->rings.resize(workers());
  for (unsigned from = 0; from < workers(); ++from) {
    tables_->rings[from].resize(workers());
    for (unsigned to = 0; to < workers(); ++to) {
      if (from == to) continue;
      auto ring = quiesce::HandoverRing::create(
          "from worker " + std::to_string(from) + " to worker " + std::to_string(to), Exchange::kRingPackets);
      if (!ring) return tl::unexpected(ring.error());
      barrier_.count(**ring);
      tables_->rings[from][to] = std::move(*ring);
    }
  }
  return {};
}

Status Dataplane::start() {
  if (shards_[0]->worker) return fail(Errc::failed_precondition, "the dataplane runs already");
  for (auto& port : tables_->ports) {
    if (auto started = port->start(); !started) {
      stop();
      return started;
    }
  }
  unsigned lcore = RTE_MAX_LCORE;
  for (unsigned worker = 0; worker < workers(); ++worker) {
    lcore = rte_get_next_lcore(worker == 0 ? -1 : lcore, 1, 0);
    if (auto launched = launch(worker, lcore); !launched) {
      stop();
      return launched;
    }
  }
  return {};
}

Status Dataplane::launch(unsigned worker, unsigned lcore) {
  if (lcore >= RTE_MAX_LCORE)
    return fail(Errc::failed_precondition, "DPDK was started with too few cores: each worker needs an lcore");
  Shard& shard = *shards_[worker];
  shard.worker = std::make_unique<Worker>(WorkerSetup{.index = worker,
                                                      .service = *tables_->service,
                                                      .state = shard.state,
                                                      .region = region_,
                                                      .marks = shard.marks,
                                                      .epochs = epochs_,
                                                      .permit = permit_,
                                                      .clock = clock_,
                                                      .region_clock = tables_->region_clock,
                                                      .gate = barrier_.gate(worker),
                                                      .buffers = tables_->buffers.get(),
                                                      .requests = shard.requests,
                                                      .report = shard.report,
                                                      .rings = tables_->ring_ends(worker),
                                                      .handover = *tables_->handover,
                                                      .next_hops = tables_->next_hops->published(),
                                                      .next_hop_tracking = config_.next_hop_tracking,
                                                      .ping = tables_->ping,
                                                      .idle = config_.idle,
                                                      .hold_packets_max = hold_packets_of_a_worker(config_),
                                                      .log = shard.log.get()});
  const auto run = [](void* itself) {
    static_cast<Worker*>(itself)->run();
    return 0;
  };
  if (rte_eal_remote_launch(run, shard.worker.get(), lcore) != 0) {
    shard.worker.reset();
    return fail(Errc::failed_precondition, "lcore " + std::to_string(lcore) + " is busy with another worker");
  }
  shard.lcore = lcore;
  return {};
}

void Dataplane::stop() {
  for (auto& shard : shards_)
    if (shard->worker) shard->worker->end();
  for (auto& shard : shards_) {
    if (!shard->worker) continue;
    rte_eal_wait_lcore(shard->lcore);
    shard->worker.reset();
  }
  for (auto& rings : tables_->rings)
    for (auto& ring : rings)
      if (ring) ring->clear();
  for (auto& port : tables_->ports) port->stop();
}

region::WorkerMarks& Dataplane::marks(unsigned worker) { return shards_[worker]->marks; }

Handover& Dataplane::handover() { return *tables_->handover; }

void Dataplane::expect_brought(Nanos patience) { tables_->handover->expect_brought(clock_.now(), patience); }

void Dataplane::announce() { shards_.front()->requests.ask_to_announce(); }

void Dataplane::continue_region_time(Nanos region_now) {
  tables_->region_clock = {.base = region_now, .started = clock_.now()};
}

void Dataplane::on_activate() {
  for (auto& shard : shards_) shard->requests.ask_to_activate();
}

std::uint32_t Dataplane::drop_held() {
  std::uint32_t dropped = 0;
  for (auto& shard : shards_) {
    if (shard->worker) dropped += shard->worker->discard_held();
    if (shard->log) shard->log->discard(committed_for_logs());
  }
  tables_->handover->drop_brought();
  return dropped;
}

}  // namespace stillwater::dataplane
