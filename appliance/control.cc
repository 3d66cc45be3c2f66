#include "appliance/control.h"

#include <future>
#include <map>
#include <optional>

#include "dataplane/names.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kAnswerPatience = 900ms;  // mgmt::Control promises a second

template <class T>
Result<T> answer_of(std::future<Result<T>> future) {
  if (future.wait_for(kAnswerPatience) == std::future_status::ready) return future.get();
  return fail(Errc::timed_out, "the replication thread did not answer within 0.9 s; see status and log");
}

std::string hex_of(const region::RegionId& id) {
  std::string text;
  for (const std::uint8_t byte : id) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

const char* name_of(PoolAlarm alarm) {
  switch (alarm) {
    case PoolAlarm::none:
      break;
    case PoolAlarm::short_of_ports:
      return "short";
    case PoolAlarm::exhausted:
      return "exhausted";
  }
  return "";
}

mgmt::Spread spread(const engine::Spread& s) { return {s.p50, s.p99}; }

mgmt::PauseStatus pause_status(const engine::PauseSpread& p) {
  return {.request_us = spread(p.request_us),
          .drain_us = spread(p.drain_us),
          .collect_us = spread(p.collect_us),
          .stage_us = spread(p.stage_us),
          .digest_us = spread(p.digest_us),
          .resume_us = spread(p.resume_us)};
}

mgmt::DigestStatus digest_status(const engine::Digests& d) {
  return {.rounds = d.rounds,
          .mismatches = d.mismatches,
          .last_mismatch_epoch = d.last_epoch,
          .last_mismatch_offset = d.last_offset};
}

std::map<std::string, std::uint64_t> trigger_counts(const engine::Summary& s) {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t i = 0; i < s.triggers.size(); ++i)
    if (s.triggers[i] > 0) counts[engine::kTriggerNames[i]] = s.triggers[i];
  return counts;
}

mgmt::CheckpointStatus checkpoint_status(const engine::Summary& s, const Node& node) {
  return {.checkpoints = s.checkpoints,
          .failed = s.failed,
          .last_failure = s.last_failure,
          .blackout_us = spread(s.blackout_us),
          .dirty_lines = spread(s.dirty_lines),
          .interval_us = spread(s.interval_us),
          .commit_us = spread(s.commit_us),
          .tracker = node.tracker(),
          .warning = {},
          .unmarked_writes = node.unmarked_writes(),
          .pause = pause_status(s.pause),
          .digests = digest_status(s.digests),
          .triggers = trigger_counts(s)};
}

mgmt::PortStatus port_status(const dataplane::PortStats& p) {
  return {.name = p.name,
          .device = p.device,
          .link_up = p.link_up,
          .rx_packets = p.rx_packets,
          .rx_bytes = p.rx_bytes,
          .tx_packets = p.tx_packets,
          .tx_bytes = p.tx_bytes,
          .rx_missed = p.rx_missed,
          .rx_ring_packets = p.rx_ring_packets,
          .rx_packets_per_s = p.rx_packets_per_s,
          .rx_headroom_us =
              p.rx_headroom ? std::chrono::duration<double, std::micro>(*p.rx_headroom).count() : 0};
}

std::string arbiter_place(const Config& config) {
  if (config.arbiter == ArbiterKind::witness) return "witness at " + config.witness.address;
  std::string text = "etcd at";
  for (const std::string& endpoint : config.etcd.endpoints) text += " " + endpoint;
  return text;
}

// What decides a promotion, and what that means.
std::string arbiter_text(const NodeView& view, const Config& config) {
  if (!config.replication.enabled) return "none: a lone node";
  if (config.arbiter == ArbiterKind::none)
    return config.prefer == Prefer::availability
               ? "none: a cut cable between two live nodes lets both forward (prefer: availability)"
               : "none: silence alone promotes nobody (prefer: safety)";
  std::string text = arbiter_place(config) + ": ";
  if (!view.record) return text + "no record known";
  text += "term " + std::to_string(view.record->term) + ", active " +
          (view.record->active.empty() ? "nobody" : view.record->active) + ", in sync";
  for (const std::string& node : view.record->in_sync) text += " " + node;
  return text;
}

}  // namespace

mgmt::NodeStatus NodeControl::status() {
  const NodeView view = node_.view();
  mgmt::NodeStatus out;
  out.name = config_.profile.name;
  out.version = STILLWATER_VERSION;
  out.role = standby::name_of(view.role);
  out.role_reason = view.role_reason;
  out.term = view.term;
  out.committed_epoch = view.committed_epoch;
  out.region_id = hex_of(region_.header().region_id);
  out.arbiter = arbiter_text(view, config_);
  out.cannot_fail_over_because =
      config_.replication.enabled ? view.cannot_fail_over_because : "no replication is configured";
  out.can_fail_over = out.cannot_fail_over_because.empty();
  out.peer = view.peer;
  out.sync_progress = view.sync_progress;
  if (view.sync)
    out.sync = {view.sync->round, view.sync->left_bytes, view.sync->bytes_per_s,
                view.sync->left_s.value_or(0)};
  out.mirror = view.mirror;
  const bool leads = view.role == standby::Role::active || view.role == standby::Role::standalone;
  out.sessions = leads ? dataplane_.sessions_in_use() : dataplane_.sessions_mirrored();
  out.sessions_max = dataplane_.sessions_max();
  out.sessions6 = leads ? dataplane_.sessions6_in_use() : dataplane_.sessions6_mirrored();
  out.sessions6_max = dataplane_.sessions6_max();
  out.held_packets = dataplane_.held_packets();
  out.replication_refused = view.refused;
  out.last_refusal = view.last_refusal;
  out.last_takeover = view.last_takeover;
  out.link_protection = view.link_protection;
  out.paths = view.paths;
  out.health = view.health;
  out.stuck = view.stuck;
  out.peer_penalty = view.peer_penalty;
  if (config_.replication.enabled) out.fence = fence_status();
  out.standbys_lost = view.standbys_lost;
  out.uptime_s = std::chrono::duration<double>(clock_.now() - started_).count();
  out.routes = routes_status(view);
  out.checkpoint = checkpoint_status(node_.checkpoints(), node_);
  if (!leads) out.checkpoint.checkpoints = view.epochs_followed;
  out.checkpoint.warning = view.pause_warning;
  for (const dataplane::PortStats& p : dataplane_.port_stats()) out.ports.push_back(port_status(p));
  for (const dataplane::NatPoolUse& pool : dataplane_.nat_pools())
    out.nat_pools.push_back({.address = dataplane::to_text(pool.address),
                             .protocol = dataplane::name_of_protocol(pool.protocol),
                             .taken = pool.taken,
                             .ports = pool.ports,
                             .given = pool.given,
                             .refused = pool.refused,
                             .alarm = nat_watch_ != nullptr ? name_of(nat_watch_->of(pool)) : ""});
  out.drops = dataplane_.drops();
  out.logs = logs_status();
  return out;
}

mgmt::LogsStatus NodeControl::logs_status() const {
  mgmt::LogsStatus logs;
  if (syslog_ == nullptr) return logs;
  for (const syslog::CollectorFigures& c : syslog_->figures())
    logs.collectors.push_back({c.address, c.transport, c.connected, c.sent, c.lost, c.waiting, c.last_error});
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker)
    logs.workers.push_back({worker, dataplane_.log_records_lost(worker)});
  return logs;
}

mgmt::FenceStatus NodeControl::fence_status() const {
  if (fence_ != nullptr) return {.kind = "ebpf", .fenced_frames = fence_->stolen_frames()};
  return {.kind = "none",
          .sent_past_lease = dataplane_.sent_past_permit(),
          .sent_past_lease_max = dataplane_.sent_past_permit_max()};
}

Status NodeControl::leads() const {
  const standby::Role role = node_.view().role;
  if (role == standby::Role::active || role == standby::Role::standalone) return {};
  return fail(Errc::failed_precondition, "this node does not lead; ask the active");
}

// An answer that reveals hard state is output, and waits as packets do: which epoch, 0 if nobody is waited
// for.
Result<std::uint64_t> NodeControl::committed_so_far() {
  if (config_.dataplane.output_commit == dataplane::OutputCommit::none) return 0;
  auto committed = answer_of(node_.request_commit());
  if (!committed && committed.error().code == Errc::failed_precondition)
    committed = answer_of(node_.request_commit());  // the standby was removed while it was waited for
  return committed;
}

Result<std::uint64_t> NodeControl::checkpoint() { return answer_of(node_.request_checkpoint()); }

mgmt::Policy NodeControl::policy() {
  const engine::Policy p = node_.policy();
  return {p.interval, p.min_interval, p.quiesce_timeout, p.dirty_bytes};
}

Status NodeControl::set_policy(const mgmt::Policy& policy) {
  if (policy.min_interval < 10us || policy.min_interval > policy.interval)
    return fail(Errc::invalid_argument, "min_interval must be at least 10us and at most interval");
  if (policy.interval > 10s) return fail(Errc::invalid_argument, "interval must be at most 10s");
  if (policy.quiesce_timeout < 100us || policy.quiesce_timeout > 1s)
    return fail(Errc::invalid_argument, "quiesce_timeout must be between 100us and 1s");
  if (policy.dirty_bytes < 4096 || policy.dirty_bytes > (8u << 20))
    return fail(Errc::invalid_argument, "dirty_bytes must be between 4096 and 8388608");
  engine::Policy changed = node_.policy();
  changed.interval = policy.interval;
  changed.min_interval = policy.min_interval;
  changed.quiesce_timeout = policy.quiesce_timeout;
  changed.dirty_bytes = policy.dirty_bytes;
  return answer_of(node_.request_policy(changed));
}

Status NodeControl::quiesce(Nanos limit) { return answer_of(node_.request_quiesce(limit)); }

Result<mgmt::Lead> NodeControl::switchover(bool force) {
  return answer_of(node_.request_switchover(force)).map([](const ArbiterRecord& record) {
    return mgmt::Lead{record.active, record.term};
  });
}

Status NodeControl::resume() { return answer_of(node_.request_resume()); }

}  // namespace stillwater::appliance
