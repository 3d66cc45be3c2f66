// A worker: the loop that moves packets, on one lcore.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/committed_epoch.h"
#include "base/transmit_permit.h"
#include "ckpt_engine/region/turn.h"
#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/context.h"
#include "dataplane/datapath/idle.h"
#include "dataplane/datapath/nodes/link/next_hop_questions.h"
#include "dataplane/datapath/output/announcements.h"
#include "dataplane/datapath/output/output.h"
#include "dataplane/datapath/rehearsal/rehearser.h"
#include "dataplane/datapath/requests.h"
#include "dataplane/datapath/steering/exchange.h"
#include "dataplane/datapath/steering/handover.h"
#include "quiesce/interface_agent.h"

namespace stillwater::dataplane {

// The region's clock: it goes on at a takeover from where the former active was. Written while all workers
// stand still.
struct RegionClock {
  Nanos base{0};       // region time at `started`
  Instant started{0};  // host time

  [[nodiscard]] Nanos at(Instant now) const { return base + (now - started); }
};

// What a worker is made of. Everything outlives the worker.
struct WorkerSetup {
  unsigned index;  // its shard of the region and its queue of every port
  const Service& service;
  State& state;
  region::Region& region;
  region::WorkerMarks& marks;
  CommittedEpoch& epochs;
  const TransmitPermit& permit;
  const Clock& clock;
  const RegionClock& region_clock;
  quiesce::WorkerGate& gate;
  rte_mempool* buffers;
  Requests& requests;
  WorkerReport& report;
  RingEnds rings;
  Handover& handover;
  const PublishedNextHops& next_hops;
  NextHopTrackingConfig next_hop_tracking;
  PendingPing& ping;
  IdleStrategy idle;
  std::uint32_t hold_packets_max;
  LogRing* log;  // null: nothing is to be logged
};

// Made and destroyed by a control thread; `run` is the worker's thread.
class Worker final : private quiesce::WhileStopped {
 public:
  explicit Worker(const WorkerSetup& setup);

  // Waits at the first packet boundary until resumed, then breathes until asked to end.
  void run();
  void end() { agent_.end(); }

  // While this worker stands still, from a control thread: frees held output. How many packets. Its node does
  // not lead: what it saw of windows and sources is forgotten too.
  std::uint32_t discard_held() {
    setup_.state.forget();
    return output_.discard_held() + reassembly_.discard();
  }

 private:
  static constexpr std::uint16_t kBurst = 32;
  static constexpr Nanos kCountersInterval = 100ms;

  void breathe();
  void begin_turn();
  void poll();
  void sort(rte_mbuf* frame, PortIndex port);
  void process();
  void process(std::span<const Received> burst);
  void transmit();
  void tidy();

  void poll_ports(bool discarding);
  void receive_brought();
  void release_held() override;
  [[nodiscard]] std::uint16_t take(const quiesce::PortQueue& queue, rte_mbuf** packets,
                                   std::uint16_t n) override;

  void note_receive_gap();
  void activate();
  void serve_requests();
  void serve(SessionQuery& query);
  template <class Family>
  void serve(SessionQuery& query, const Ageing<Family>& ageing);
  void serve(BindingQuery& query);
  void serve(TraceQuery& query);
  void serve(PingQuery& query);
  void flush_counters();
  void publish();
  void wait_at_boundary();

  WorkerSetup setup_;
  quiesce::InterfaceAgent agent_;
  PacketPool pool_;
  Output output_;
  region::Turn turn_;
  Reassembly reassembly_;
  Context context_;
  Ageing<Ipv4> ageing_;
  Ageing<Ipv6> ageing6_;
  Announcements announcements_;
  NextHopQuestions next_hop_questions_;
  Rehearser rehearser_;
  Exchange exchange_;
  Idle idle_;
  std::vector<Received> received_;
  std::size_t received_count_ = 0;
  std::vector<std::uint32_t> emptied_;  // by port: the succession since which it was empty once
  bool released_all_ = true;
  bool served_ = false;  // requests, in this turn
  Instant last_poll_{0};
  Instant next_counters_{0};
  std::uint64_t turns_ = 0;
};

}  // namespace stillwater::dataplane
