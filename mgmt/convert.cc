#include "mgmt/convert.h"

namespace stillwater::mgmt {
namespace {

void fill(v1::Spread& message, const Spread& spread) {
  message.set_p50(spread.p50);
  message.set_p99(spread.p99);
}

void fill(v1::Pause& message, const PauseStatus& pause) {
  fill(*message.mutable_request_us(), pause.request_us);
  fill(*message.mutable_drain_us(), pause.drain_us);
  fill(*message.mutable_collect_us(), pause.collect_us);
  fill(*message.mutable_stage_us(), pause.stage_us);
  fill(*message.mutable_digest_us(), pause.digest_us);
  fill(*message.mutable_resume_us(), pause.resume_us);
}

void fill(v1::Digests& message, const DigestStatus& digests) {
  message.set_rounds(digests.rounds);
  message.set_mismatches(digests.mismatches);
  message.set_last_mismatch_epoch(digests.last_mismatch_epoch);
  message.set_last_mismatch_offset(digests.last_mismatch_offset);
}

void fill(v1::Sync& message, const SyncStatus& sync) {
  message.set_round(sync.round);
  message.set_left_bytes(sync.left_bytes);
  message.set_bytes_per_s(sync.bytes_per_s);
  message.set_left_s(sync.left_s);
}

void fill(v1::Fence& message, const FenceStatus& fence) {
  message.set_kind(fence.kind);
  message.set_sent_past_lease(fence.sent_past_lease);
  message.set_sent_past_lease_max(fence.sent_past_lease_max);
  message.set_fenced_frames(fence.fenced_frames);
}

void fill(v1::RoutesStatus& message, const RoutesStatus& routes) {
  message.set_ipv4(routes.ipv4);
  message.set_ipv6(routes.ipv6);
  message.set_from_api(routes.from_api);
  message.set_generation(routes.generation);
  message.set_peer(routes.peer);
  for (const TrackedNextHop& hop : routes.tracked) {
    v1::TrackedNextHop& tracked = *message.add_tracked();
    tracked.set_address(hop.address);
    tracked.set_port(hop.port);
    tracked.set_alive(hop.alive);
    tracked.set_since_s(hop.since_s);
    tracked.set_routes(hop.routes);
    tracked.set_withdrawn(hop.withdrawn);
  }
}

void fill(v1::CheckpointStatus& message, const CheckpointStatus& status) {
  message.set_checkpoints(status.checkpoints);
  message.set_failed(status.failed);
  message.set_last_failure(status.last_failure);
  fill(*message.mutable_blackout_us(), status.blackout_us);
  fill(*message.mutable_dirty_lines(), status.dirty_lines);
  fill(*message.mutable_interval_us(), status.interval_us);
  fill(*message.mutable_commit_us(), status.commit_us);
  message.set_tracker(status.tracker);
  message.set_warning(status.warning);
  message.set_unmarked_writes(status.unmarked_writes);
  fill(*message.mutable_pause(), status.pause);
  fill(*message.mutable_digests(), status.digests);
  message.mutable_triggers()->insert(status.triggers.begin(), status.triggers.end());
}

void fill(v1::NatPool& message, const NatPoolStatus& pool) {
  message.set_address(pool.address);
  message.set_protocol(pool.protocol);
  message.set_taken(pool.taken);
  message.set_ports(pool.ports);
  message.set_given(pool.given);
  message.set_refused(pool.refused);
  message.set_alarm(pool.alarm);
}

void fill(v1::LogsStatus& message, const LogsStatus& logs) {
  for (const LogCollector& one : logs.collectors) {
    v1::LogCollector& collector = *message.add_collectors();
    collector.set_address(one.address);
    collector.set_transport(one.transport);
    collector.set_connected(one.connected);
    collector.set_sent(one.sent);
    collector.set_lost(one.lost);
    collector.set_waiting(one.waiting);
    collector.set_last_error(one.last_error);
  }
  for (const LogWorker& one : logs.workers) {
    v1::LogWorker& worker = *message.add_workers();
    worker.set_worker(one.worker);
    worker.set_lost(one.lost);
  }
}

void fill(v1::PortStatus& message, const PortStatus& port) {
  message.set_name(port.name);
  message.set_device(port.device);
  message.set_link_up(port.link_up);
  message.set_rx_packets(port.rx_packets);
  message.set_rx_bytes(port.rx_bytes);
  message.set_tx_packets(port.tx_packets);
  message.set_tx_bytes(port.tx_bytes);
  message.set_rx_missed(port.rx_missed);
  message.set_rx_ring_packets(port.rx_ring_packets);
  message.set_rx_packets_per_s(port.rx_packets_per_s);
  message.set_rx_headroom_us(port.rx_headroom_us);
}

}  // namespace

void fill(v1::NodeStatus& message, const NodeStatus& status) {
  message.set_name(status.name);
  message.set_version(status.version);
  message.set_role(status.role);
  message.set_role_reason(status.role_reason);
  message.set_term(status.term);
  message.set_committed_epoch(status.committed_epoch);
  message.set_region_id(status.region_id);
  message.set_arbiter(status.arbiter);
  message.set_can_fail_over(status.can_fail_over);
  message.set_cannot_fail_over_because(status.cannot_fail_over_because);
  message.set_peer(status.peer);
  message.set_sync_progress(status.sync_progress);
  if (status.sync.round > 0) fill(*message.mutable_sync(), status.sync);
  if (!status.fence.kind.empty()) fill(*message.mutable_fence(), status.fence);
  message.set_mirror(status.mirror);
  message.set_sessions(status.sessions);
  message.set_sessions_max(status.sessions_max);
  message.set_sessions6(status.sessions6);
  message.set_sessions6_max(status.sessions6_max);
  message.set_held_packets(status.held_packets);
  message.set_replication_refused(status.replication_refused);
  message.set_last_refusal(status.last_refusal);
  message.set_last_takeover(status.last_takeover);
  message.set_link_protection(status.link_protection);
  message.set_paths(status.paths);
  message.set_health(status.health);
  message.set_stuck(status.stuck);
  message.set_peer_penalty(status.peer_penalty);
  fill(*message.mutable_routes(), status.routes);
  message.set_standbys_lost(status.standbys_lost);
  message.set_uptime_s(status.uptime_s);
  fill(*message.mutable_checkpoint(), status.checkpoint);
  for (const auto& port : status.ports) fill(*message.add_ports(), port);
  for (const auto& pool : status.nat_pools) fill(*message.add_nat_pools(), pool);
  message.mutable_drops()->insert(status.drops.begin(), status.drops.end());
  if (!status.logs.collectors.empty()) fill(*message.mutable_logs(), status.logs);
}

void fill(v1::Session& message, const SessionInfo& session) {
  message.set_protocol(session.protocol);
  message.set_state(session.state);
  message.set_source(session.source);
  message.set_destination(session.destination);
  message.set_translated_source(session.translated_source);
  message.set_rule(session.rule);
  message.set_age_s(session.age_s);
  message.set_idle_s(session.idle_s);
  message.set_changed_epoch(session.changed_epoch);
  message.set_translated_destination(session.translated_destination);
}

void fill(v1::Binding& message, const BindingInfo& binding) {
  message.set_protocol(binding.protocol);
  message.set_inside(binding.inside);
  message.set_outside(binding.outside);
  message.set_sessions(binding.sessions);
  message.set_entry(binding.entry);
  message.set_changed_epoch(binding.changed_epoch);
  message.set_block_first(binding.block_first);
  message.set_block_ports(binding.block_ports);
}

BindingFilter filter_of(const v1::BindingFilter& filter) {
  return {.protocol = filter.protocol(),
          .inside = filter.inside(),
          .outside = filter.outside(),
          .address = filter.address(),
          .port = filter.port(),
          .entry = filter.entry()};
}

void fill(v1::Route& message, const RouteInfo& route) {
  message.Clear();
  message.set_to(route.to);
  message.set_kind(route.kind);
  for (const NextHop& hop : route.via) {
    v1::NextHop& next = *message.add_via();
    next.set_address(hop.address);
    next.set_port(hop.port);
  }
  message.set_source(route.source);
  message.set_port(route.port);
  message.set_track(route.track);
}

Result<std::vector<RouteChange>> changes_of(const v1::ChangeRoutesRequest& request) {
  std::vector<RouteChange> changes;
  changes.reserve(static_cast<std::size_t>(request.changes_size()));
  for (const v1::RouteChange& one : request.changes()) {
    if (one.change_case() == v1::RouteChange::kRemove) {
      changes.push_back({true, {.to = one.remove(), .kind = {}}});
      continue;
    }
    if (one.change_case() != v1::RouteChange::kPut)
      return fail(Errc::invalid_argument,
                  "change " + std::to_string(changes.size()) + " says neither put nor remove");
    RouteChange change{false, {.to = one.put().to(), .kind = one.put().kind()}};
    change.route.track = one.put().track();
    for (const v1::NextHop& hop : one.put().via()) change.route.via.push_back({hop.address(), hop.port()});
    changes.push_back(std::move(change));
  }
  return changes;
}

void fill(v1::Policy& message, const Policy& policy) {
  message.set_interval_ns(policy.interval.count());
  message.set_min_interval_ns(policy.min_interval.count());
  message.set_quiesce_timeout_ns(policy.quiesce_timeout.count());
  message.set_dirty_bytes(policy.dirty_bytes);
}

Policy changed(Policy policy, const v1::SetPolicyRequest& change) {
  if (change.has_interval_ns()) policy.interval = Nanos(change.interval_ns());
  if (change.has_min_interval_ns()) policy.min_interval = Nanos(change.min_interval_ns());
  if (change.has_quiesce_timeout_ns()) policy.quiesce_timeout = Nanos(change.quiesce_timeout_ns());
  if (change.has_dirty_bytes()) policy.dirty_bytes = change.dirty_bytes();
  return policy;
}

}  // namespace stillwater::mgmt
