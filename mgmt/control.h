// What the management plane may ask of a node, without knowing how the node is built. The appliance
// implements it; the gRPC server and its tests only see this.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "stillwater/v1/stillwater.pb.h"

namespace stillwater::mgmt {

// One percentile pair over the last minute.
struct Spread {
  double p50 = 0;
  double p99 = 0;
};

struct PortStatus {
  std::string name;
  std::string device;
  bool link_up = false;
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_missed = 0;  // lost before the dataplane saw them: ring full, no buffer
  std::uint32_t rx_ring_packets = 0;
  double rx_packets_per_s = 0;
  double rx_headroom_us = 0;  // a longer pause overflows the receive rings at this rate; 0: nothing arrives
};

// An address that source NAT gives out, with how many of its ports are taken.
struct NatPoolStatus {
  std::string address;
  std::string protocol;  // tcp | udp | icmp
  std::uint32_t taken = 0;
  std::uint32_t ports = 0;    // that may be taken
  std::uint32_t given = 0;    // that nobody else can have: taken, or of blocks that hosts have
  std::uint64_t refused = 0;  // sessions that found none, since start
  std::string alarm{};        // short (of ports) | exhausted; empty: none
};

// The parts of a checkpoint's pause, in their order; they add up to its blackout.
struct PauseStatus {
  Spread request_us;  // until every worker was told
  Spread drain_us;    // until the quiesced indication
  Spread collect_us;  // what was written, from the dirty tracker
  Spread stage_us;    // its lines, into staging
  Spread digest_us;   // chunks of the region, for the standby to compare
  Spread resume_us;   // until the last worker went on
};

// What the standby's comparisons found, since start.
struct DigestStatus {
  std::uint64_t rounds = 0;      // times that all of the region was compared
  std::uint64_t mismatches = 0;  // each voided the standby's copy, which is filled anew
  std::uint64_t last_mismatch_epoch = 0;
  std::uint64_t last_mismatch_offset = 0;  // in the region
};

struct CheckpointStatus {
  std::uint64_t checkpoints = 0;  // committed since start
  std::uint64_t failed = 0;       // quiesce timed out, staging full, link lost
  std::string last_failure;       // empty: none yet
  Spread blackout_us;             // request to last worker resumed, epochs with hard lines only
  Spread dirty_lines;             // 64-byte lines carried by these epochs
  Spread interval_us;             // between two committed checkpoints
  Spread commit_us;               // request to acknowledged
  std::string tracker;            // which dirty tracker runs
  std::string warning;            // pauses come near what a receive ring absorbs; empty: they do not
  // Lines that changed without a mark, which is a bug; counted only where marks are verified.
  std::uint64_t unmarked_writes = 0;
  PauseStatus pause{};
  DigestStatus digests{};
  std::map<std::string, std::uint64_t> triggers{};  // committed since start, by what asked for them
};

// A first sync under way, as the active sees it.
struct SyncStatus {
  std::uint32_t round = 0;       // 0: none is under way
  std::uint64_t left_bytes = 0;  // of memory that this round has still to go through
  double bytes_per_s = 0;        // gone through lately, pages of zeroes too, which are not sent; 0: not known
  double left_s = 0;             // for this round at that rate; 0: not known
};

// What keeps this node from sending when its right to has ended, and what came of that, since start.
struct FenceStatus {
  std::string kind;                       // none | ebpf; empty on a lone node
  std::uint64_t sent_past_lease = 0;      // with none: frames of bursts that ended after the right had
  std::uint64_t sent_past_lease_max = 0;  // with none: what one freeze may let out at most
  std::uint64_t fenced_frames = 0;        // with ebpf: frames that the kernel took instead
};

// A next hop of tracked routes.
struct TrackedNextHop {
  std::string address;
  std::string port;
  bool alive = false;
  double since_s = 0;           // it is so for
  std::uint32_t routes = 0;     // that name it
  std::uint32_t withdrawn = 0;  // of them, those without a next hop that is alive
};

struct RoutesStatus {
  std::uint64_t ipv4 = 0;  // of the file and of the API
  std::uint64_t ipv6 = 0;
  std::uint64_t from_api = 0;    // of them
  std::uint64_t generation = 0;  // of the running configuration; 1: what the file says
  std::string peer;              // how far the active's peer is with that; empty: there is none
  std::vector<TrackedNextHop> tracked{};
};

// A collector of the logs of sessions, translations and rules.
struct LogCollector {
  std::string address;
  std::string transport;  // tls | tcp | udp
  bool connected = false;
  std::uint64_t sent = 0;     // messages, since start
  std::uint64_t lost = 0;     // that were not sent, those that workers lost included
  std::uint64_t waiting = 0;  // now
  std::string last_error;     // empty: none since start
};

struct LogWorker {
  std::uint32_t worker = 0;
  std::uint64_t lost = 0;  // records: its ring was full, or a fence came before their commit
};

struct LogsStatus {
  std::vector<LogCollector> collectors;  // none: nothing is logged
  std::vector<LogWorker> workers;
};

struct NodeStatus {
  std::string name;
  std::string version;
  std::string role;  // starting | syncing | standby | active | standalone | fenced | failed
  std::string role_reason;
  std::uint64_t term = 0;
  std::uint64_t committed_epoch = 0;
  std::string region_id;
  std::string arbiter;  // what decides a promotion; with none, what that means
  bool can_fail_over = false;
  std::string cannot_fail_over_because;  // empty when can_fail_over
  std::string peer;                      // peer's node name, empty while none is connected
  double sync_progress = 0;              // 0..1 while a standby is being filled
  SyncStatus sync;
  std::string mirror;  // how far the mirroring of this node's memory has come; empty on a standby
  std::uint64_t sessions = 0;
  std::uint64_t sessions_max = 0;
  std::uint64_t sessions6 = 0;  // of IPv6
  std::uint64_t sessions6_max = 0;
  std::uint64_t held_packets = 0;
  std::uint64_t replication_refused = 0;  // connections or messages refused
  std::string last_refusal;
  std::string link_protection;  // of the connection to the peer; empty while there is none
  std::string paths;            // to the peer, each with how it is; empty on a lone node
  FenceStatus fence;
  std::string health;               // what makes this node less fit to lead, with weights; empty: it is well
  std::string stuck;                // a worker that does not step on; empty: all do
  std::uint32_t peer_penalty = 0;   // the sum of the peer's weights
  std::string last_takeover;        // the takeover's steps with their times; empty: none since start
  std::uint64_t standbys_lost = 0;  // how often this node, leading, went on without its standby since start
  double uptime_s = 0;
  RoutesStatus routes;
  CheckpointStatus checkpoint;
  std::vector<PortStatus> ports;
  std::vector<NatPoolStatus> nat_pools;        // of which ports are taken
  std::map<std::string, std::uint64_t> drops;  // by reason; reasons never seen are absent
  LogsStatus logs;
};

struct SessionInfo {
  std::string protocol;  // tcp | udp | icmp | icmpv6 | gre | esp
  std::string state;
  std::string source;  // "address:port" as the initiator sent it
  std::string destination;
  std::string translated_source;  // empty: not translated
  std::uint32_t rule = 0;
  double age_s = 0;
  double idle_s = 0;  // in steps of 8 s
  std::uint64_t changed_epoch = 0;
  std::string translated_destination{};  // "address:port" of who answers; empty: not translated
};

// Which sessions are meant: those that match all that is named; an empty field, or 0, matches any.
struct SessionFilter {
  std::string protocol{};     // tcp | udp | icmp | icmpv6 | gre | esp
  std::string source{};       // IPv4 or IPv6 address or ADDRESS/LENGTH, as the initiator sent it
  std::string destination{};  // likewise
  std::string address{};      // likewise, of either side, translated or not
  std::uint32_t port = 0;     // of either side, translated or not
  std::string state{};        // opening | established | closing
  std::uint32_t rule = 0;     // that admitted it
  std::string interface {};   // name of the port that either side's packets arrive at
  std::uint64_t min_age_s = 0;

  [[nodiscard]] bool names_any() const {
    return !(protocol.empty() && source.empty() && destination.empty() && address.empty() && port == 0 &&
             state.empty() && rule == 0 && interface.empty() && min_age_s == 0);
  }
};

// A binding of source NAT.
struct BindingInfo {
  std::string protocol;  // tcp | udp | icmp
  std::string inside;    // "address:port"
  std::string outside;
  std::uint32_t sessions = 0;  // that use it
  std::uint32_t entry = 0;     // of source_nat, counted from 1
  std::uint64_t changed_epoch = 0;
  std::uint32_t block_first = 0;  // of the block that `outside` is of
  std::uint32_t block_ports = 0;  // 0: of none
};

// Which bindings are meant, likewise.
struct BindingFilter {
  std::string protocol{};   // tcp | udp | icmp
  std::string inside{};     // IPv4 address or ADDRESS/LENGTH
  std::string outside{};    // likewise
  std::string address{};    // likewise, of either end
  std::uint32_t port = 0;   // of either end
  std::uint32_t entry = 0;  // of source_nat, counted from 1
};

struct SessionsEnded {
  std::uint64_t sessions = 0;
  std::uint64_t committed_epoch = 0;  // the standby knows since then; 0: there is none to wait for
};

struct NextHop {
  std::string address;
  std::string port;  // of a link-local address, else empty

  friend bool operator==(const NextHop&, const NextHop&) = default;
};

struct RouteInfo {
  std::string to;    // ADDRESS/LENGTH
  std::string kind;  // link | forward | blackhole | reject
  std::vector<NextHop> via{};
  std::string source{};  // link | file | api; empty in a change
  std::string port{};    // of a link
  bool track = false;    // of forward

  friend bool operator==(const RouteInfo&, const RouteInfo&) = default;
};

struct RouteChange {
  bool removes = false;
  RouteInfo route{};  // of one that is removed only `to` counts

  friend bool operator==(const RouteChange&, const RouteChange&) = default;
};

// A lead that was handed over.
struct Lead {
  std::string active;
  std::uint64_t term = 0;
};

// The checkpoint policy that may be changed while running.
struct Policy {
  Nanos interval{};
  Nanos min_interval{};
  Nanos quiesce_timeout{};
  std::uint64_t dirty_bytes = 0;
};

// All functions may be called from any thread, several at a time, and return within a second.
class Control {
 public:
  virtual ~Control() = default;

  [[nodiscard]] virtual NodeStatus status() = 0;

  // What a listing hands over: committed rows, perhaps none, and for how long it takes the node holds
  // nothing. False: that is enough.
  template <class Row>
  using Page = std::function<bool(const std::vector<Row>&)>;

  // At most `limit` of those that match, page by page; no picture of one moment. For very many they take
  // longer than a second, and with a page that takes its time. failed_precondition: this node does not lead,
  // or does not any more; only the active knows.
  [[nodiscard]] virtual Status sessions(const SessionFilter& filter, std::uint64_t limit,
                                        const Page<SessionInfo>& page) = 0;
  [[nodiscard]] virtual Status bindings(const BindingFilter& filter, std::uint64_t limit,
                                        const Page<BindingInfo>& page) = 0;
  // How many match; `goes_on` is asked now and then. Else as above.
  [[nodiscard]] virtual Result<std::uint64_t> count_sessions(const SessionFilter& filter,
                                                             const std::function<bool()>& goes_on) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count_bindings(const BindingFilter& filter,
                                                             const std::function<bool()>& goes_on) = 0;

  // Ends the sessions that match and waits until that is committed: whoever got this answer never sees them
  // again. On an error some may have ended. Takes longer than a second for very many.
  [[nodiscard]] virtual Result<SessionsEnded> end_sessions(const SessionFilter& filter) = 0;

  // Calls `sink` for at most `limit` routes of that source (link, file or api; empty: all). Takes longer
  // than a second for very many. invalid_argument: there is no such source.
  [[nodiscard]] virtual Status routes(const std::string& source, std::uint64_t limit,
                                      const std::function<void(const RouteInfo&)>& sink) = 0;

  // All of them or none, on this node and on whoever may succeed it; the generation of the running
  // configuration that has them. Within five seconds. Errors: see ChangeRoutes of stillwater.proto.
  [[nodiscard]] virtual Result<std::uint64_t> change_routes(const std::vector<RouteChange>& changes) = 0;

  // These speak in the messages of the interface: nothing between it and the node looks into them. See there.
  [[nodiscard]] virtual Result<v1::GetRulesResponse> rules() = 0;
  // Within five seconds.
  [[nodiscard]] virtual Result<v1::LoadRulesResponse> load_rules(const v1::LoadRulesRequest& request) = 0;
  // On success what a trace tells of sessions is committed.
  [[nodiscard]] virtual Result<v1::TraceResponse> trace(const v1::TraceRequest& request) = 0;
  // Takes as long as the request says, a minute at most.
  [[nodiscard]] virtual Result<v1::PingResponse> ping(const v1::PingRequest& request) = 0;

  // Takes a checkpoint now and waits for its commit; returns the committed epoch.
  [[nodiscard]] virtual Result<std::uint64_t> checkpoint() = 0;

  [[nodiscard]] virtual Policy policy() = 0;
  // Refuses values out of range and changes nothing then.
  [[nodiscard]] virtual Status set_policy(const Policy& policy) = 0;

  // Stops the dataplane at a packet boundary until resume() or until `limit` has passed (at most 60 s).
  [[nodiscard]] virtual Status quiesce(Nanos limit) = 0;
  [[nodiscard]] virtual Status resume() = 0;

  // Hands the lead over to the standby and waits until that has it. `force`: although a change of lead is
  // held down. failed_precondition, with what must hold first; timed_out, if it was called off.
  [[nodiscard]] virtual Result<Lead> switchover(bool force) = 0;
};

}  // namespace stillwater::mgmt
