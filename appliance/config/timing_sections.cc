// timeouts, checkpoint, replication: the sections that are mostly durations.
#include <algorithm>

#include "appliance/config/sections.h"

namespace stillwater::appliance {

void read_timeouts(Section& root, Config& config) {
  const Seconds range{1, 7 * 24 * 3600};
  dataplane::TimeoutConfig& timeouts = config.dataplane.timeouts;
  Section section = root.section("timeouts");
  section.optional("tcp_opening", timeouts.tcp_opening_s, range);
  section.optional("tcp_established", timeouts.tcp_established_s, range);
  section.optional("tcp_closing", timeouts.tcp_closing_s, range);
  section.optional("tcp_closed", timeouts.tcp_closed_s, range);
  section.optional("udp", timeouts.udp_s, range);
  section.optional("icmp", timeouts.icmp_s, range);
  section.optional("other", timeouts.other_s, range);
  section.finish();
}

void read_checkpoint(Section& root, Config& config) {
  using dataplane::OutputCommit;
  const Size size{4u << 10, 8u << 20};
  CheckpointConfig& checkpoint = config.checkpoint;
  Section section = root.section("checkpoint");
  const bool has_interval = section.optional("interval", checkpoint.interval, Duration{100us, 10s});
  const bool has_minimum = section.optional("min_interval", checkpoint.min_interval, Duration{10us, 10s});
  if (checkpoint.min_interval > checkpoint.interval && (has_interval || has_minimum)) {
    section.mistake(has_minimum ? "min_interval" : "interval",
                    "min_interval " + to_text(checkpoint.min_interval) + " is longer than interval " +
                        to_text(checkpoint.interval) + "; expected at most the interval");
  }
  section.optional("quiesce_timeout", checkpoint.quiesce_timeout, Duration{100us, 1s});
  section.optional("dirty_bytes", checkpoint.dirty_bytes, size);
  section.optional("defer", checkpoint.defer, Duration{0us, 100ms});
  section.optional("defer_packets", checkpoint.defer_packets, WholeNumber<std::uint32_t>{1, 1u << 20});
  section.optional("pause_percent", checkpoint.pause_percent, WholeNumber<unsigned>{1, 100});
  section.optional("soft_interval", checkpoint.soft_interval, Duration{1ms, 60s});
  section.optional("soft_bytes", checkpoint.soft_bytes, size);
  section.optional("digest_budget", checkpoint.digest_budget, Duration{0us, 1ms});
  section.optional("digest_interval", checkpoint.digest_interval, Duration{10ms, 60s});
  section.optional("tracker", checkpoint.tracker, one_word_of({"auto", "barrier", "pagemap", "mprotect"}));
  section.optional("verify", checkpoint.verify, true_or_false());
  if (checkpoint.verify && checkpoint.tracker != "auto" && checkpoint.tracker != "barrier")
    section.mistake("verify", "verify checks marks, and tracker " + checkpoint.tracker +
                                  " does not use them; expected tracker auto or barrier, or verify false");
  section.optional("output_commit", config.dataplane.output_commit,
                   OneOf<OutputCommit>{{{"none", OutputCommit::none},
                                        {"new-state", OutputCommit::new_state},
                                        {"all", OutputCommit::all}}});
  section.finish();
}

namespace {

PathConfig read_path(Section& section) {
  PathConfig path;
  const bool has_listen = section.required("listen", path.listen, parse_endpoint);
  const bool has_peer = section.required("peer", path.peer, parse_endpoint);
  const auto is_ipv6 = [](const Endpoint& e) { return e.address.find(':') != std::string::npos; };
  if (!has_listen || !has_peer) return path;
  if (is_ipv6(path.listen) != is_ipv6(path.peer))
    section.mistake("peer", "peer and listen are of different families; expected both IPv4 or both IPv6");
  if (path.listen == path.peer)
    section.mistake("peer", "peer is this node's own address; expected the other node's");
  return path;
}

// The link is secured, or the file says by name that it is trusted.
void read_link_security(Section& section, ReplicationConfig& replication) {
  section.optional("peer_name", replication.peer_name, Name{63});
  read_tls(section, replication);
  const bool trusted = replication.tls == Tls::none;
  const auto files = {"tls_ca", "tls_certificate", "tls_key"};
  const bool has_any = std::ranges::any_of(files, [&](const char* key) { return section.has(key); });
  if (!has_any) {
    section.require("tls",
                    "tls_ca, tls_certificate, tls_key and peer_name; or 'tls: none', which says that this "
                    "link is trusted");
    return;
  }
  for (const char* key : files) {
    if (trusted && section.has(key))
      section.mistake(key, std::string(key) + " is not used; expected it without 'tls: none'");
    if (!trusted) section.require(key, "a PEM file");
  }
  if (!trusted) section.require("peer_name", "the other node's name, which its certificate must show");
}

}  // namespace

namespace {

constexpr std::size_t kHeartbeatPathsMax = 4;

void read_heartbeat_paths(Section& section, ReplicationConfig& replication) {
  for (const Value& value : section.list("heartbeat_paths")) {
    Section path = section.element(value, "heartbeat path");
    replication.heartbeat_paths.push_back(read_path(path));
    path.finish();
    const auto same = [&](const PathConfig& other) {
      return other.listen == replication.heartbeat_paths.back().listen;
    };
    if (std::ranges::any_of(replication.paths, same) ||
        std::ranges::count_if(replication.heartbeat_paths, same) > 1)
      section.mistake(value, "another path has the same listen; expected another address or port");
  }
  if (replication.heartbeat_paths.size() > kHeartbeatPathsMax)
    section.mistake("heartbeat_paths",
                    "too many heartbeat paths; expected at most " + std::to_string(kHeartbeatPathsMax));
}

}  // namespace

void read_replication(Section& root, const KnownPorts& known, Config& config) {
  constexpr int kHeartbeatsPerTimeout = 5;  // fewer, and one late thread looks like a dead node
  ReplicationConfig& replication = config.replication;
  replication.enabled = root.has("replication");
  if (!replication.enabled) return;

  Section section = root.section("replication");
  replication.paths.push_back(read_path(section));
  if (section.has("second_path")) {
    Section second = section.section("second_path");
    replication.paths.push_back(read_path(second));
    second.finish();
    if (replication.paths[0].listen == replication.paths[1].listen)
      section.mistake("second_path",
                      "second_path has the first path's listen; expected another address or port");
  }
  read_heartbeat_paths(section, replication);
  read_heartbeat_ports(section, known, config);
  read_link_security(section, replication);

  section.optional("heartbeat_interval", replication.heartbeat_interval, Duration{100us, 1s});
  section.optional("failure_timeout", replication.failure_timeout, Duration{1ms, 60s});
  const Nanos least = kHeartbeatsPerTimeout * replication.heartbeat_interval;
  if (replication.failure_timeout < least) {
    section.mistake("failure_timeout", "failure_timeout " + to_text(replication.failure_timeout) +
                                           " is less than 5 heartbeat intervals; expected at least " +
                                           to_text(least));
  }
  replication.lease = std::max(least, replication.failure_timeout);
  section.optional("lease", replication.lease, Duration{1ms, 60s});
  if (replication.lease < least) {
    section.mistake("lease", "lease " + to_text(replication.lease) +
                                 " is less than 5 heartbeat intervals; expected at least " + to_text(least));
  }
  if (section.has("lease") && replication.lease > replication.failure_timeout) {
    section.mistake("lease",
                    "lease " + to_text(replication.lease) +
                        " is longer than failure_timeout, and a takeover would wait for it; expected "
                        "at most " +
                        to_text(replication.failure_timeout));
  }
  read_fence(section, config);
  section.finish();
}

}  // namespace stillwater::appliance
