// What a dataplane tells about itself.
#include <algorithm>

#include "dataplane/shard.h"

namespace stillwater::dataplane {
namespace {

template <class Key>
std::uint64_t mirrored(const region::Region& region, unsigned shards) {
  std::uint64_t sum = 0;
  for (unsigned shard = 0; shard < shards; ++shard)
    sum += region::BasicSessionTable<Key>(region, shard).in_use();
  return sum;
}

template <class Shards, class Figure>
std::uint64_t sum(const Shards& shards, Figure figure) {
  std::uint64_t total = 0;
  for (const auto& shard : shards) total += figure(shard->report).load(std::memory_order_relaxed);
  return total;
}

}  // namespace

std::vector<PortStats> Dataplane::port_stats() const {
  std::vector<PortStats> stats;
  for (const auto& port : tables_->ports) stats.push_back(port->stats());
  return stats;
}

void Dataplane::sample_rates() {
  for (const auto& port : tables_->ports) port->sample_rate(clock_.now());
}

std::optional<PortStats> Dataplane::tightest_port() const {
  std::optional<PortStats> tightest;
  for (const PortStats& port : port_stats())
    if (port.rx_headroom && (!tightest || *port.rx_headroom < *tightest->rx_headroom)) tightest = port;
  return tightest;
}

std::map<std::string, std::uint64_t> Dataplane::drops() const {
  std::map<std::string, std::uint64_t> drops;
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    std::uint64_t count = 0;
    for (const auto& shard : shards_) count += shard->state.drops.read(i);
    if (count != 0) drops[name_of(static_cast<DropReason>(i))] = count;
  }
  if (const std::uint64_t lost = tables_->handover->lost(); lost != 0) drops[Handover::kLostReason] = lost;
  return drops;
}

std::uint64_t Dataplane::sessions_in_use() const {
  return sum(
      shards_, [](const WorkerReport& report) -> auto& { return report.sessions; });
}
std::uint64_t Dataplane::sessions6_in_use() const {
  return sum(
      shards_, [](const WorkerReport& report) -> auto& { return report.sessions6; });
}
std::uint64_t Dataplane::sessions_max() const {
  std::uint64_t capacity = 0;
  for (const auto& shard : shards_) capacity += shard->state.sessions.capacity();
  return capacity;
}
std::uint64_t Dataplane::sessions6_max() const {
  std::uint64_t capacity = 0;
  if (config_.function != Function::firewall || !serves_ipv6(config_)) return capacity;
  for (const auto& shard : shards_) capacity += shard->state.sessions6.capacity();
  return capacity;
}
std::uint64_t Dataplane::sessions_mirrored() const { return mirrored<region::FlowKey>(region_, workers()); }
std::uint64_t Dataplane::sessions6_mirrored() const { return mirrored<region::FlowKey6>(region_, workers()); }

std::vector<NatPoolUse> Dataplane::nat_pools() const {
  std::vector<NatPoolUse> pools;
  const NatTables& tables = tables_->service->nat;
  for (std::uint32_t pool = 0; pool < tables.pool_addresses().size(); ++pool)
    for (const std::uint8_t protocol : kNatProtocols) {
      NatPoolUse use{.address = tables.pool_addresses()[pool], .protocol = protocol};
      for (const auto& shard : shards_) {
        use.taken += shard->state.nat.count_taken(pool, protocol);
        use.given += shard->state.nat.count_given(pool, protocol);
        use.refused += shard->state.nat.refused(pool, protocol);
      }
      if (use.taken == 0 && use.refused == 0) continue;
      use.ports = tables.ports_of(pool, protocol);
      pools.push_back(use);
    }
  return pools;
}
std::uint64_t Dataplane::nat_refused() const {
  std::uint64_t refused = 0;
  for (const auto& shard : shards_) refused += shard->state.nat.refused();
  return refused;
}
std::uint64_t Dataplane::held_packets() const {
  return sum(
      shards_, [](const WorkerReport& report) -> auto& { return report.held; });
}
std::uint64_t Dataplane::turns() const {
  return sum(
      shards_, [](const WorkerReport& report) -> auto& { return report.turns; });
}
std::optional<std::uint64_t> Dataplane::steps(unsigned worker) const {
  if (barrier_.gate(worker).whereabouts == quiesce::Whereabouts::absent) return std::nullopt;
  return shards_[worker]->report.turns.load(std::memory_order_relaxed) +
         barrier_.gate(worker).waits.load(std::memory_order_relaxed);
}
bool Dataplane::has_link(std::size_t port) const {
  return tables_->ports[tables_->device_of[port]]->has_link();
}
std::uint64_t Dataplane::sent_past_permit() const {
  return sum(
      shards_, [](const WorkerReport& report) -> auto& { return report.sent_past_permit; });
}
std::uint64_t Dataplane::sent_past_permit_max() const {
  std::uint64_t frames = 0;
  for (const auto& port : tables_->ports)
    frames += port->tx_ring_packets() + std::uint64_t{workers()} * TxQueues::kQueueFrames;
  return frames;
}

Nanos Dataplane::largest_receive_gap() const {
  Nanos largest{0};
  for (const auto& shard : shards_)
    largest = std::max(largest, Nanos(shard->report.largest_receive_gap.load(std::memory_order_relaxed)));
  return largest;
}

void Dataplane::reset_largest_receive_gap() {
  for (const auto& shard : shards_) shard->report.largest_receive_gap.store(0, std::memory_order_relaxed);
}

// A session's record is output as its first packet is, and waits for the same.
std::uint64_t Dataplane::committed_for_logs() const {
  return config_.output_commit == OutputCommit::none ? CommittedEpoch::kNobodyToWaitFor : epochs_.committed();
}

std::size_t Dataplane::take_log_records(unsigned worker, std::span<LogRecord> into) {
  LogRing* const log = shards_[worker]->log.get();
  if (log == nullptr) return 0;
  const std::uint64_t until = log->pushed();  // first: where a standby joins, what is committed goes back
  return log->take(committed_for_logs(), into, until);
}

std::uint64_t Dataplane::log_records_lost(unsigned worker) const {
  const LogRing* const log = shards_[worker]->log.get();
  return log == nullptr ? 0 : log->lost();
}

}  // namespace stillwater::dataplane
