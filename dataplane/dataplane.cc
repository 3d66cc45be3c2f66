#include "dataplane/dataplane.h"

#include <algorithm>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/control/buffers.h"
#include "dataplane/shard.h"

namespace stillwater::dataplane {

void Dataplane::add_roots(region::Layout& layout, const Config& config) {
  for (unsigned shard = 0; shard < kWorkersMax; ++shard) State::add_roots(layout, shard, config);
}

Dataplane::Dataplane(const Config& config, region::Region& region, CommittedEpoch& epochs, const Clock& clock)
    : config_(config),
      region_(region),
      epochs_(epochs),
      clock_(clock),
      barrier_(kWorkersMax, clock),
      tables_(std::make_unique<Tables>()) {}

Dataplane::~Dataplane() { stop(); }

Result<std::unique_ptr<Dataplane>> Dataplane::create(const Config& config, region::Region& region,
                                                     CommittedEpoch& epochs, const Clock& clock) {
  std::unique_ptr<Dataplane> dataplane(new Dataplane(config, region, epochs, clock));
  if (auto opened = dataplane->open_ports(); !opened) return tl::unexpected(opened.error());
  Tables& tables = *dataplane->tables_;
  std::vector<std::uint16_t> ids;
  for (const auto& port : tables.ports) ids.push_back(port->dpdk_id());
  auto service = Service::build(config, ids);
  if (!service) return tl::unexpected(service.error());
  tables.service = std::make_unique<Service>(std::move(*service));
  tables.region_clock = {.base = region.region_now(), .started = clock.now()};
  for (unsigned worker = 0; worker < kWorkersMax; ++worker)
    dataplane->shards_.push_back(std::make_unique<Shard>(region, worker, config));
  return dataplane;
}

Status Dataplane::open_ports() {
  auto buffers = make_buffers(config_, kWorkersMax);
  if (!buffers) return tl::unexpected(buffers.error());
  tables_->buffers = std::move(*buffers);
  for (const PortConfig& port : config_.ports) {
    auto opened = Port::open(port, kWorkersMax, tables_->buffers.get());
    if (!opened) return tl::unexpected(opened.error());
    tables_->ports.push_back(std::move(*opened));
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
  for (unsigned worker = 0; worker < kWorkersMax; ++worker) {
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
                                                      .clock = clock_,
                                                      .region_clock = tables_->region_clock,
                                                      .gate = barrier_.gate(worker),
                                                      .buffers = tables_->buffers.get(),
                                                      .requests = shard.requests,
                                                      .report = shard.report,
                                                      .idle = config_.idle,
                                                      .hold_packets_max = config_.hold_packets_max});
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
  for (auto& port : tables_->ports) port->stop();
}

region::WorkerMarks& Dataplane::marks(unsigned worker) { return shards_[worker]->marks; }

void Dataplane::announce() {
  for (auto& shard : shards_) shard->requests.ask_to_announce();
}

void Dataplane::continue_region_time(Nanos region_now) {
  tables_->region_clock = {.base = region_now, .started = clock_.now()};
}

void Dataplane::on_activate() {
  for (auto& shard : shards_) shard->requests.ask_to_activate();
}

std::uint32_t Dataplane::drop_held() {
  std::uint32_t dropped = 0;
  for (auto& shard : shards_)
    if (shard->worker) dropped += shard->worker->discard_held();
  return dropped;
}

}  // namespace stillwater::dataplane
