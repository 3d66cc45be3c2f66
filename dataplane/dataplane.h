// The packet half as the appliance composes it: ports, workers, their barrier.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/announcer.h"
#include "base/clock.h"
#include "base/committed_epoch.h"
#include "base/result.h"
#include "base/transmit_permit.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"
#include "dataplane/config.h"
#include "dataplane/control/next_hop_tracker.h"
#include "dataplane/control/policy_table.h"
#include "dataplane/control/port.h"
#include "dataplane/control/route_set.h"
#include "dataplane/datapath/events/log_record.h"
#include "dataplane/datapath/ping/pending_ping.h"
#include "dataplane/datapath/requests.h"
#include "dataplane/datapath/steering/handover.h"
#include "dataplane/ping.h"
#include "dataplane/trace.h"
#include "quiesce/worker_barrier.h"

namespace stillwater::dataplane {

// How much of an address of source NAT's pools is in use.
struct NatPoolUse {
  std::uint32_t address = 0;  // host byte order
  std::uint8_t protocol = 0;  // with ports, or ICMP's identifiers
  std::uint32_t taken = 0;
  std::uint32_t ports = 0;    // that may be taken
  std::uint32_t given = 0;    // of them, those that nobody else can have: taken, or of blocks that hosts have
  std::uint64_t refused = 0;  // sessions that found none, since start
};

// Where a listing goes on. Begins as it is made. All workers' tables of IPv4 come before those of IPv6.
struct ListCursor {
  unsigned table = 0;  // of the query's kTables
  unsigned worker = 0;
  std::uint32_t slot = 0;
  bool at_end = false;
};

struct RouteCounts {
  std::uint32_t ipv4 = 0;
  std::uint32_t ipv6 = 0;
};

// Made on a control thread after init_eal. Nothing is received or transmitted, and the region is not written,
// while the barrier is quiesced, as it is from the start.
class Dataplane final : public Announcer {
 public:
  // Adds to `layout` what workers keep in the region: equal configurations give equal layouts.
  static void add_roots(region::Layout& layout, const Config& config);

  // Opens the ports and builds the tables. `region` was made with add_roots of the same configuration; it may
  // be empty or a replica, and outlives the dataplane, as `epochs`, `permit` and `clock` do. Errors name the
  // port, rule or resource at fault.
  [[nodiscard]] static Result<std::unique_ptr<Dataplane>> create(const Config& config, region::Region& region,
                                                                 CommittedEpoch& epochs,
                                                                 const TransmitPermit& permit,
                                                                 const Clock& clock);
  ~Dataplane() override;

  // Starts the ports and the workers' loops, which wait at the barrier. Errors: io (a port), and
  // failed_precondition (started already, or EAL has no lcore left for a worker).
  [[nodiscard]] Status start();
  // Ends the loops and stops the ports. Packets that were held are freed.
  void stop();

  [[nodiscard]] quiesce::WorkerBarrier& barrier() { return barrier_; }
  [[nodiscard]] unsigned workers() const { return config_.workers; }
  [[nodiscard]] region::WorkerMarks& marks(unsigned worker);

  // All of them, in this order, or none, without a lost packet: see RouteTable::apply. One caller at a time
  // gets on, others wait. Besides its errors: timed_out (a worker does not turn).
  [[nodiscard]] Status change_routes(std::span<const RouteChange> changes);
  // What change_routes would refuse at once; nothing changes. Waits for a batch that is under way.
  [[nodiscard]] Status check_routes(std::span<const RouteChange> changes);
  // Configured, and changed since.
  [[nodiscard]] RouteCounts route_counts() const { return route_counts_.load(std::memory_order_relaxed); }

  // The whole policy becomes this one, while sessions go on: see PolicyTable::replace, whose errors it has.
  // Each session is asked about again at its next packet. Besides: failed_precondition (a router).
  [[nodiscard]] Result<std::uint32_t> replace_policy(const PolicyConfig& policy,
                                                     std::optional<std::uint32_t> generation = std::nullopt);
  // The same in two steps, see PolicyTable: what the first one builds is the second one's to publish.
  [[nodiscard]] Result<std::unique_ptr<const Policy>> build_policy(const PolicyConfig& policy,
                                                                   std::uint32_t generation) const;
  std::uint32_t replace_policy(std::unique_ptr<const Policy> policy);
  [[nodiscard]] std::uint32_t policy_generation() const;
  // In the order of the rules. Any thread.
  [[nodiscard]] std::vector<RuleFigures> rule_figures() const;

  // Has the routes that are tracked follow their next hops' answers, by RouteTable::set_alive. Call every
  // 50 ms or so, from a thread that may wait as long as changes of many routes take. Returns what is new, for
  // the log. On a node that does not lead, all next hops become alive again. Errors, after which the next
  // call tries again: those of change_routes.
  [[nodiscard]] Result<std::vector<TrackedNextHop>> watch_next_hops();
  // As they were judged last. Any thread.
  [[nodiscard]] std::vector<TrackedNextHop> tracked_next_hops() const;

  // For a planned switchover.
  [[nodiscard]] Handover& handover();
  // While quiesced, see Handover::expect_brought.
  void expect_brought(Nanos patience);

  // Announcer. Takes effect when the workers run.
  void announce() override;

  // The following three: while quiesced.
  // The region's clock goes on from here.
  void continue_region_time(Nanos region_now);
  // After a takeover, before the first resume: the workers' first turn drops torn neighbours and raises all
  // time-outs.
  void on_activate();
  // Frees all held output (a fence), which is never released, and what a peer brought; log records that wait
  // for a commit are never handed out. Returns how many packets were held.
  std::uint32_t drop_held();

  // Figures, from any thread.
  [[nodiscard]] std::vector<PortStats> port_stats() const;
  // Keeps the ports' rates current. One thread, every 100 ms or so.
  void sample_rates();
  // The port that can absorb the shortest pause, with that pause; none while nothing arrives.
  [[nodiscard]] std::optional<PortStats> tightest_port() const;
  [[nodiscard]] std::map<std::string, std::uint64_t> drops() const;  // by reason, those that occurred
  // Of IPv4 each, and beside it of IPv6.
  [[nodiscard]] std::uint64_t sessions_in_use() const;
  [[nodiscard]] std::uint64_t sessions6_in_use() const;
  // Of all workers: the configured number, rounded up; 0 where the family is not served.
  [[nodiscard]] std::uint64_t sessions_max() const;
  [[nodiscard]] std::uint64_t sessions6_max() const;
  // As the region has it: what a takeover would begin with. A hint while a checkpoint is being applied.
  [[nodiscard]] std::uint64_t sessions_mirrored() const;
  [[nodiscard]] std::uint64_t sessions6_mirrored() const;
  // Of each address and protocol of which ports are taken, as the region has it: a hint while a checkpoint is
  // being applied; and of those that a session was refused one of. Counts them: 24 KiB of memory an address
  // and worker.
  [[nodiscard]] std::vector<NatPoolUse> nat_pools() const;
  [[nodiscard]] std::uint64_t nat_refused() const;  // the sum of what these say
  [[nodiscard]] std::uint64_t held_packets() const;
  [[nodiscard]] std::uint64_t turns() const;
  // Grows while that worker lives, at its work or at the barrier, by no known measure; none: its loop has not
  // begun, or has ended.
  [[nodiscard]] std::optional<std::uint64_t> steps(unsigned worker) const;
  // Of the port at that place of the configuration.
  [[nodiscard]] bool has_link(std::size_t port) const;
  // Frames of bursts at whose end the permit held no longer: how many of them left too late, nobody can tell.
  [[nodiscard]] std::uint64_t sent_past_permit() const;
  // What may leave after the permit if this process is frozen between a worker's look at it and the send: a
  // burst a transmit queue, and what lies in the transmit rings.
  [[nodiscard]] std::uint64_t sent_past_permit_max() const;
  // The longest time between two receive polls of a worker since it was last reset.
  [[nodiscard]] Nanos largest_receive_gap() const;
  void reset_largest_receive_gap();

  // What that worker noted for the logs, in order, as far as its epochs are committed: with output commit
  // `none` at once. Copied to `into`; how many. One thread at a time, also when the workers have ended.
  [[nodiscard]] std::size_t take_log_records(unsigned worker, std::span<LogRecord> into);
  // Of that worker: its ring was full, or a fence came before the commit. Any thread.
  [[nodiscard]] std::uint64_t log_records_lost(unsigned worker) const;

  // The next page of a listing: hands at most `rows_max` of those that match to `sink`, and moves `at`. In
  // steps of bounded length (WalkStep) that workers take between packets, of which a page has so many at most
  // that others get on, so it may be short, or empty, and not the last. No snapshot: what comes or goes
  // meanwhile may be told or not, and a slot that is used again may be told twice. Errors: timed_out, if the
  // workers are quiesced or end.
  [[nodiscard]] Status list_sessions(const SessionFilter& filter, std::uint64_t rows_max, ListCursor& at,
                                     const std::function<void(const SessionRow&)>& sink);
  [[nodiscard]] Status list_bindings(const BindingFilter& filter, std::uint64_t rows_max, ListCursor& at,
                                     const std::function<void(const BindingRow&)>& sink);
  // How many match on such a page.
  [[nodiscard]] Result<std::uint64_t> count_sessions(const SessionFilter& filter, ListCursor& at);
  [[nodiscard]] Result<std::uint64_t> count_bindings(const BindingFilter& filter, ListCursor& at);
  // Ends all sessions that match, in such steps; how many. New ones may come meanwhile. Errors: as above,
  // and some may have ended then.
  [[nodiscard]] Result<std::uint64_t> end_sessions(const SessionFilter& filter);

  // What the packet would meet if it arrived now. Nothing changes, is counted or is sent: its worker leads it
  // through the very nodes between two turns. One caller at a time gets on, others wait; routes do not change
  // meanwhile. Errors: invalid_argument (see TraceRequest), resource_exhausted (no packet buffer), timed_out,
  // if the workers are quiesced or end.
  [[nodiscard]] Result<Trace> trace(const TraceRequest& request);
  // Sends one echo request from an own address, and waits for what comes back. One caller at a time gets on,
  // others wait. Errors: invalid_argument (see PingRequest; no route, an address that is not ours),
  // failed_precondition (the workers are quiesced or end), resource_exhausted (no packet buffer or identifier
  // is free, too many fragments), timed_out (nothing came back).
  [[nodiscard]] Result<PingReply> ping(const PingRequest& request);

 private:
  struct Shard;  // what one worker owns

  Dataplane(const Config& config, region::Region& region, CommittedEpoch& epochs,
            const TransmitPermit& permit, const Clock& clock);
  [[nodiscard]] Status open_ports();
  [[nodiscard]] Status make_rings();
  [[nodiscard]] Status launch(unsigned worker, unsigned lcore);
  // Waits until the worker has served what lies beside `stage` in its requests. Errors: timed_out.
  [[nodiscard]] Status ask(Requests& requests, std::atomic<QueryStage>& stage);
  // One page by `query` of each worker's requests; `took` after each step.
  template <class Query, class Filter, class Took>
  [[nodiscard]] Status walk_page(Query Requests::*query, const Filter& filter, WalkAct act,
                                 std::uint64_t rows_max, ListCursor& at, const Took& took);
  [[nodiscard]] Result<EchoOrder> order_of(const PingRequest& request) const;
  [[nodiscard]] Result<unsigned> send(EchoOrder& order);
  [[nodiscard]] std::optional<PingAnswer> await_answer(Instant deadline);
  // Until no worker has anything in hand that it looked up before. Errors: timed_out.
  [[nodiscard]] Status pass_turns() const;
  void count_routes();
  [[nodiscard]] std::uint64_t committed_for_logs() const;

  const Config config_;
  region::Region& region_;
  CommittedEpoch& epochs_;
  const TransmitPermit& permit_;
  const Clock& clock_;
  quiesce::WorkerBarrier barrier_;
  struct Tables;  // ports, buffers, service: in the order in which they depend on each other
  std::unique_ptr<Tables> tables_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::mutex list_mutex_;   // one session query at a time
  std::mutex trace_mutex_;  // one trace at a time
  std::mutex ping_mutex_;   // one ping at a time; this one and the one before are locked before the next
  // One batch of routes, or judgement of next hops, at a time, and nobody who reads them.
  std::mutex route_mutex_;
  std::uint32_t pings_ = 0;  // sent until now, under ping_mutex_
  std::atomic<RouteCounts> route_counts_{};
};

}  // namespace stillwater::dataplane
