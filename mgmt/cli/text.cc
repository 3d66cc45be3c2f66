#include "mgmt/cli/text.h"

#include <map>

#include <fmt/format.h>

#include "mgmt/cli/duration.h"
#include "mgmt/cli/table.h"

namespace stillwater::mgmt::cli {
namespace {

// One fact a line, its name in a column of its own.
std::string fact(std::string_view name, const std::string& value) {
  return fmt::format("{:<20}{}\n", name, value.empty() ? "-" : value);
}

// "3", or "3; last: why" where something happened.
std::string count_and_last(std::uint64_t count, const std::string& last) {
  return last.empty() ? grouped(count) : fmt::format("{}; last: {}", grouped(count), last);
}

std::string unmarked(std::uint64_t writes) {
  return grouped(writes) + " lines changed without a mark: no checkpoint carries them; see the log";
}

// "12 rounds, no mismatch", or where the last one was.
std::string digests(const v1::Digests& d) {
  const std::string rounds =
      fmt::format("compared {} time{}", grouped(d.rounds()), d.rounds() == 1 ? "" : "s");
  if (d.mismatches() == 0) return rounds + ", no mismatch";
  return fmt::format("{}, {} MISMATCH{}; last: epoch {}, offset {:#x}", rounds, grouped(d.mismatches()),
                     d.mismatches() == 1 ? "" : "ES", grouped(d.last_mismatch_epoch()),
                     d.last_mismatch_offset());
}

// "held_output 12, interval 3", or nothing.
std::string triggers(const v1::CheckpointStatus& c) {
  std::string text;
  for (const auto& [why, count] : std::map(c.triggers().begin(), c.triggers().end()))
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", why, grouped(count));
  return text;
}

std::string headline(const v1::NodeStatus& s) {
  const std::string reason = s.role_reason().empty() ? "" : fmt::format(" ({})", s.role_reason());
  return fmt::format("{} is {}{}, term {}, committed epoch {}\n", s.name(), s.role(), reason, s.term(),
                     grouped(s.committed_epoch()));
}

// "43 %, round 1: 4,563 MiB left at 812 MB/s, about 6 s"
std::string sync(const v1::NodeStatus& s) {
  std::string text = fmt::format("{:.0f} %", s.sync_progress() * 100);
  if (!s.has_sync()) return text;
  text += fmt::format(", round {}: {} MiB left", s.sync().round(), grouped(s.sync().left_bytes() >> 20));
  if (s.sync().bytes_per_s() <= 0) return text;
  return text +
         fmt::format(" at {:.1f} MB/s, about {}", s.sync().bytes_per_s() / 1e6, span(s.sync().left_s()));
}

// "ebpf, 12 frames fenced", or what a freeze may let out and what it did.
std::string fence(const v1::Fence& f) {
  if (f.kind() != "none") return fmt::format("{}, {} frames fenced", f.kind(), grouped(f.fenced_frames()));
  return fmt::format("none: a freeze may let out {} frames past the lease at most; sent past it: {}",
                     grouped(f.sent_past_lease_max()), grouped(f.sent_past_lease()));
}

std::string pair(const v1::NodeStatus& s) {
  const bool syncing =
      s.role() == "syncing" || s.has_sync() || (s.sync_progress() > 0 && s.sync_progress() < 1);
  std::string text = fact("fail over now", s.can_fail_over() ? "yes" : "no: " + s.cannot_fail_over_because());
  text += fact("peer", s.peer().empty() ? "none connected" : s.peer());
  if (!s.link_protection().empty()) text += fact("replication link", s.link_protection());
  if (!s.paths().empty()) text += fact("paths", s.paths());
  if (!s.health().empty()) text += fact("health", "less fit to lead: " + s.health());
  if (s.peer_penalty() > 0) text += fact("peer's health", fmt::format("penalty {}", s.peer_penalty()));
  if (!s.stuck().empty()) text += fact("STUCK", s.stuck());
  if (syncing) text += fact("sync", sync(s));
  if (!s.mirror().empty()) text += fact("mirror", s.mirror());
  text += fact("arbiter", s.arbiter());
  if (s.has_fence()) text += fact("fence", fence(s.fence()));
  text += fact("last takeover", s.last_takeover().empty() ? "none since start" : s.last_takeover());
  text += fact("standbys lost", grouped(s.standbys_lost()));
  text += fact("replication refused", count_and_last(s.replication_refused(), s.last_refusal()));
  return text;
}

// "104,000 IPv4, 12 IPv6; 4,000 of them by the API; generation 7, peer: generation 7 built"
std::string routes(const v1::RoutesStatus& r) {
  std::string text = fmt::format("{} IPv4, {} IPv6", grouped(r.ipv4()), grouped(r.ipv6()));
  if (r.from_api() > 0) text += fmt::format("; {} of them by the API", grouped(r.from_api()));
  text += fmt::format("; generation {}", r.generation());
  return r.peer().empty() ? text : text + ", peer: " + r.peer();
}

// How many answer, and a line for each that does not.
std::string next_hops(const v1::RoutesStatus& r) {
  if (r.tracked().empty()) return "";
  std::string dead;
  int alive = 0;
  for (const v1::TrackedNextHop& hop : r.tracked()) {
    alive += hop.alive() ? 1 : 0;
    if (!hop.alive())
      dead += fact("DEAD NEXT HOP",
                   fmt::format("{} at {} for {}: {} routes name it, {} are withdrawn", hop.address(),
                               hop.port(), span(hop.since_s()), hop.routes(), hop.withdrawn()));
  }
  return fact("tracked next hops", fmt::format("{} of {} answer", alive, r.tracked_size())) + dead;
}

// A line for each pool that runs short.
std::string nat_alarms(const v1::NodeStatus& s) {
  std::string text;
  for (const v1::NatPool& pool : s.nat_pools()) {
    if (pool.alarm().empty()) continue;
    const bool exhausted = pool.alarm() == "exhausted";
    text += fact(
        exhausted ? "NAT EXHAUSTED" : "NAT PORTS SHORT",
        fmt::format("{} {}: {} of {} ports are given, {} sessions got none", pool.address(), pool.protocol(),
                    grouped(pool.given()), grouped(pool.ports()), grouped(pool.refused())));
  }
  return text;
}

// A line for each collector, and for each worker that lost records.
std::string logs(const v1::LogsStatus& l) {
  std::string text;
  for (const v1::LogCollector& c : l.collectors()) {
    const std::string state = c.connected() ? "connected" : "NOT CONNECTED";
    text += fact("logs", fmt::format("{} {}: {}, {} sent, {} lost, {} waiting{}", c.address(), c.transport(),
                                     state, grouped(c.sent()), grouped(c.lost()), grouped(c.waiting()),
                                     c.last_error().empty() ? "" : "; last: " + c.last_error()));
  }
  for (const v1::LogWorker& w : l.workers())
    if (w.lost() > 0)
      text += fact("LOST LOGS", fmt::format("{} by worker {}", grouped(w.lost()), w.worker()));
  return text;
}

std::string dataplane(const v1::NodeStatus& s) {
  return fact("routes", routes(s.routes())) + next_hops(s.routes()) +
         fact("sessions", fmt::format("{} of {}", grouped(s.sessions()), grouped(s.sessions_max()))) +
         (s.sessions6_max() == 0 ? ""
                                 : fact("IPv6 sessions", fmt::format("{} of {}", grouped(s.sessions6()),
                                                                     grouped(s.sessions6_max())))) +
         fact("held packets", grouped(s.held_packets())) + nat_alarms(s) + logs(s.logs());
}

std::string checkpoints(const v1::CheckpointStatus& c) {
  const auto row = [](const char* name, const v1::Spread& spread) {
    const bool nothing_measured = spread.p50() <= 0 && spread.p99() <= 0;
    if (nothing_measured) return std::vector<std::string>{name, "-", "-"};
    return std::vector<std::string>{name, measured(spread.p50()), measured(spread.p99())};
  };
  return "\n" + fact("checkpoints", grouped(c.checkpoints()) + " committed") +
         fact("asked for by", triggers(c)) + fact("failed", count_and_last(c.failed(), c.last_failure())) +
         fact("dirty tracker", c.tracker()) + fact("digests", digests(c.digests())) +
         (c.warning().empty() ? "" : fact("warning", c.warning())) +
         (c.unmarked_writes() == 0 ? "" : fact("BUG", unmarked(c.unmarked_writes()))) +
         table({{"LAST MINUTE"}, {"P50", Align::right}, {"P99", Align::right}},
               {row("pause, us", c.blackout_us()), row("  request", c.pause().request_us()),
                row("  drain", c.pause().drain_us()), row("  collect", c.pause().collect_us()),
                row("  stage", c.pause().stage_us()), row("  digest", c.pause().digest_us()),
                row("  resume", c.pause().resume_us()), row("dirty lines", c.dirty_lines()),
                row("interval, us", c.interval_us()), row("commit, us", c.commit_us())});
}

std::string ports(const v1::NodeStatus& s) {
  if (s.ports().empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : s.ports()) {
    rows.push_back({p.name(), p.link_up() ? "up" : "down", grouped(p.rx_packets()), grouped(p.rx_bytes()),
                    grouped(p.rx_missed()), p.rx_headroom_us() > 0 ? measured(p.rx_headroom_us()) : "-",
                    grouped(p.tx_packets()), grouped(p.tx_bytes()), p.device()});
  }
  const auto right = Align::right;
  return "\nports\n" + table({{"NAME"},
                              {"LINK"},
                              {"RX PACKETS", right},
                              {"RX BYTES", right},
                              {"RX MISSED", right},
                              {"ABSORBS, us", right},
                              {"TX PACKETS", right},
                              {"TX BYTES", right},
                              {"DEVICE"}},
                             rows);
}

std::string nat_pools(const v1::NodeStatus& s) {
  if (s.nat_pools().empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const auto& pool : s.nat_pools())
    rows.push_back({pool.address(), pool.protocol(), grouped(pool.taken()), grouped(pool.given()),
                    grouped(pool.ports()), grouped(pool.refused())});
  const auto right = Align::right;
  return "\nnat pools\n" + table({{"ADDRESS"},
                                  {"PROTOCOL"},
                                  {"TAKEN", right},
                                  {"GIVEN", right},
                                  {"OF", right},
                                  {"REFUSED", right}},
                                 rows);
}

std::string drops(const v1::NodeStatus& s) {
  if (s.drops().empty()) return "\ndrops               none\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [reason, packets] : std::map(s.drops().begin(), s.drops().end())) {
    rows.push_back({reason, grouped(packets)});
  }
  return "\ndrops\n" + table({{"REASON"}, {"PACKETS", Align::right}}, rows);
}

}  // namespace

std::string status_text(const v1::NodeStatus& s) {
  return headline(s) + pair(s) + dataplane(s) + checkpoints(s.checkpoint()) + ports(s) + nat_pools(s) +
         drops(s) + "\n" + fact("version", s.version()) + fact("region", s.region_id()) +
         fact("up", span(s.uptime_s()));
}

std::string sessions_text(const std::vector<v1::Session>& sessions, std::uint64_t limit) {
  if (sessions.empty()) return "no sessions\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& s : sessions) {
    const std::string inside = s.translated_destination();
    rows.push_back({s.protocol(), s.state(), s.source(),
                    s.destination() + (inside.empty() ? "" : " > " + inside),
                    s.translated_source().empty() ? "-" : s.translated_source(), std::to_string(s.rule()),
                    span(s.age_s()), span(s.idle_s()), std::to_string(s.changed_epoch())});
  }
  const auto right = Align::right;
  std::string text = table({{"PROTO"},
                            {"STATE"},
                            {"SOURCE"},
                            {"DESTINATION"},
                            {"TRANSLATED"},
                            {"RULE", right},
                            {"AGE", right},
                            {"IDLE", right},
                            {"EPOCH", right}},
                           rows);
  if (sessions.size() < limit) return text;
  return text + fmt::format("{} sessions shown, the limit; there may be more (--limit)\n", grouped(limit));
}

std::string bindings_text(const std::vector<v1::Binding>& bindings, std::uint64_t limit) {
  if (bindings.empty()) return "no bindings\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& b : bindings) {
    const std::string block =
        b.block_ports() == 0 ? "-"
                             : fmt::format("{}-{}", b.block_first(), b.block_first() + b.block_ports() - 1);
    rows.push_back({b.protocol(), b.inside(), b.outside(), block, std::to_string(b.sessions()),
                    std::to_string(b.entry()), std::to_string(b.changed_epoch())});
  }
  const auto right = Align::right;
  const std::string text = table({{"PROTO"},
                                  {"INSIDE"},
                                  {"OUTSIDE"},
                                  {"BLOCK"},
                                  {"SESSIONS", right},
                                  {"ENTRY", right},
                                  {"EPOCH", right}},
                                 rows);
  if (bindings.size() < limit) return text;
  return text + fmt::format("{} bindings shown, the limit; there may be more (--limit)\n", grouped(limit));
}

std::string routes_text(const std::vector<v1::Route>& routes, std::uint64_t limit) {
  if (routes.empty()) return "no routes\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& route : routes) {
    std::string via = route.port();
    for (const auto& hop : route.via()) {
      via += (via.empty() ? "" : ", ") + hop.address();
      if (!hop.port().empty()) via += " at " + hop.port();
    }
    if (route.track()) via += ", tracked";
    rows.push_back({route.to(), route.kind(), via.empty() ? "-" : via, route.source()});
  }
  const std::string text = table({{"TO"}, {"KIND"}, {"VIA"}, {"SOURCE"}}, rows);
  if (routes.size() < limit) return text;
  return text + fmt::format("{} routes shown, the limit; there may be more (--limit)\n", grouped(limit));
}

std::string policy_text(const v1::Policy& policy) {
  return fact("interval", format_duration(Nanos(policy.interval_ns()))) +
         fact("min interval", format_duration(Nanos(policy.min_interval_ns()))) +
         fact("quiesce timeout", format_duration(Nanos(policy.quiesce_timeout_ns()))) +
         fact("dirty bytes", grouped(policy.dirty_bytes()));
}

}  // namespace stillwater::mgmt::cli
