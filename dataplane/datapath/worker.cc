// The worker's loop. Invariants:
//   - the region is written only between begin_turn and the packet boundary at the end of tidy;
//   - a turn sees one epoch, one committed epoch and one time;
//   - what a commit set free leaves before the turn polls, so no packet of its flow overtakes it;
//   - without a permit to transmit nothing is released and nothing is polled.
#include "dataplane/datapath/worker.h"

#include <algorithm>
#include <span>

#include <sys/prctl.h>

#include <rte_random.h>

#include "base/thread.h"
#include "dataplane/datapath/graph/graph.h"
#include "dataplane/datapath/look_ahead.h"
#include "dataplane/datapath/nodes/ip/forward_burst.h"
#include "dataplane/datapath/nodes/ip/reassemble.h"
#include "dataplane/datapath/nodes/link/unresolved.h"
#include "dataplane/datapath/nodes/session/forward_established.h"

namespace stillwater::dataplane {
namespace {

std::vector<quiesce::PortQueue> queues_of(const WorkerSetup& setup) {
  std::vector<quiesce::PortQueue> queues;
  for (const ServicePort& port : setup.service.ports)  // a VLAN has none
    if (setup.index < port.rx_queues)
      queues.push_back({port.dpdk_port, static_cast<std::uint16_t>(setup.index)});
  return queues;
}

std::vector<quiesce::HandoverRing*> inputs_of(const WorkerSetup& setup) {
  std::vector<quiesce::HandoverRing*> inputs = setup.rings.from;
  std::erase(inputs, nullptr);
  return inputs;
}

}  // namespace

Worker::Worker(const WorkerSetup& setup)
    : setup_(setup),
      agent_(setup.gate, queues_of(setup), inputs_of(setup), this),
      pool_(agent_, setup.buffers),
      output_(pool_, setup.service, setup.state.neighbours, setup.epochs, setup.permit, setup.clock,
              static_cast<std::uint16_t>(setup.index), setup.hold_packets_max),
      turn_(setup.region, setup.marks),
      reassembly_(pool_, static_cast<std::uint32_t>(rte_rand())),
      context_{.worker = setup.index,
               .service = setup.service,
               .state = setup.state,
               .turn = turn_,
               .pool = pool_,
               .output = output_,
               .reassembly = reassembly_,
               .error_limit = ErrorLimit(setup.service.icmp_errors_per_s),
               .exchange = &exchange_,
               .ping = &setup.ping,
               .log = setup.log},
      next_hop_questions_(setup.next_hop_tracking),
      rehearser_(setup.buffers),
      exchange_(pool_, setup.rings),
      idle_(setup.idle),
      received_((setup.service.ports.size() + 1) * kBurst + setup.rings.from.size() * Exchange::kBurst),
      emptied_(setup.service.ports.size()) {}

void Worker::run() {
  name_this_thread(("sw-worker-" + std::to_string(setup_.index)).c_str());
  prctl(PR_SET_TIMERSLACK, 1);  // a sleep of 50 us must not become one of 100
  agent_.at_boundary();
  while (!agent_.ending()) breathe();
}

void Worker::breathe() {
  begin_turn();
  poll();
  process();
  transmit();
  tidy();
}

// `current` is read before `committed`: an epoch that ended in between is at most seen as uncommitted.
void Worker::begin_turn() {
  const std::uint64_t epoch = setup_.epochs.current();
  const std::uint64_t committed = setup_.epochs.committed();
  context_.now = setup_.clock.now();
  context_.fib_of_turn = setup_.service.fib->load();
  context_.policy_of_turn = setup_.service.policy->load();
  context_.next_hops = setup_.next_hops.load();
  turn_.begin(epoch, setup_.region_clock.at(context_.now), committed);
  output_.begin_turn(context_.now, turn_.now_s(), epoch, committed);
  if (setup_.requests.activate.load(std::memory_order_relaxed)) activate();
  released_all_ = setup_.permit.holds(context_.now) && output_.release();
}

void Worker::poll() {
  note_receive_gap();
  received_count_ = 0;
  if (!released_all_) return;
  const bool discarding = setup_.handover.unannounced();
  if (discarding || __builtin_expect(!setup_.handover.awaits_brought(context_.now), 1))
    poll_ports(discarding);
  else if (setup_.index == 0)
    receive_brought();
  if (setup_.rings.to.size() < 2) return;
  exchange_.flush();
  received_count_ += exchange_.take(&received_[received_count_]);
}

void Worker::poll_ports(bool discarding) {
  rte_mbuf* burst[kBurst];
  for (PortIndex port = 0; port < setup_.service.ports.size(); ++port) {
    if (setup_.index >= setup_.service.ports[port].rx_queues) continue;
    const std::uint16_t n = agent_.rx_burst(setup_.service.ports[port].dpdk_port,
                                            static_cast<std::uint16_t>(setup_.index), burst, kBurst);
    const bool may_be_brought = __builtin_expect(emptied_[port] != setup_.handover.succession(), 0);
    for (std::uint16_t i = 0; i < n; ++i) {
      if (__builtin_expect(discarding, 0))
        pool_.drop(burst[i], DropReason::before_announcement);
      else if (may_be_brought && setup_.handover.was_brought(port, *burst[i]))
        pool_.drop(burst[i], DropReason::brought_already);
      else
        sort(burst[i], port);
    }
    if (may_be_brought && !discarding && n < kBurst && !agent_.asked_to_stop())
      emptied_[port] = setup_.handover.succession();
  }
}

// What the node that handed over had received comes here as if by its port.
void Worker::receive_brought() {
  rte_mbuf* burst[kBurst];
  const std::uint16_t n = agent_.rx_ring(setup_.handover.brought(), burst, kBurst);
  for (std::uint16_t i = 0; i < n; ++i) sort(burst[i], Handover::port_of(*burst[i]));
}

// Frames whose session another worker has go there; a lone worker owns all.
void Worker::sort(rte_mbuf* frame, PortIndex port) {
  if (setup_.rings.to.size() >= 2) {
    const unsigned owner = setup_.service.steering.owner(*frame, context_.fib_of_turn);
    if (owner == Steering::kEveryone)
      exchange_.copy_to_others({frame, port, false});
    else if (owner != Steering::kNobody && owner != setup_.index)
      return exchange_.give(owner, {frame, port, false});
  }
  received_[received_count_++] = {frame, port, false};
}

void Worker::process() {
  for (std::size_t first = 0; first < received_count_; first += kLookAhead)
    process({&received_[first], std::min(kLookAhead, received_count_ - first)});
}

void Worker::process(std::span<const Received> burst) {
  if (setup_.service.pipeline.has_sessions) {
    LookAhead ahead;
    look_ahead(setup_.state, burst, ahead);
    if (output_.has_short_way()) return forward_established(context_, burst, ahead);
    for (std::size_t i = 0; i < burst.size(); ++i) dataplane::process(context_, burst[i], ahead.matches[i]);
  } else {
    prefetch(burst);
    if (output_.has_short_way()) return forward_burst(context_, burst);
    for (const Received& received : burst) dataplane::process(context_, received, {});
  }
}

// What turned back to another worker leaves the hand with what is sent.
void Worker::transmit() {
  if (setup_.rings.to.size() >= 2) exchange_.flush();
  output_.transmit();
}

void Worker::tidy() {
  ageing_.tick(context_);
  ageing6_.tick(context_);
  expire_fragments(context_);
  while (const auto unanswered = output_.tick()) give_up(context_, *unanswered);
  if (context_.own_mac_elsewhere) announcements_.conflict(context_.now);
  context_.own_mac_elsewhere = false;
  if (setup_.requests.pending.load(std::memory_order_relaxed)) serve_requests();
  // In a turn that has polled: what came before the announcement was discarded by this node then.
  if (released_all_ && announcements_.tick(context_)) setup_.handover.announced();
  if (released_all_ && setup_.index == 0) next_hop_questions_.tick(context_);
  if (context_.now >= next_counters_) flush_counters();
  if (setup_.index == 0) setup_.region.set_region_now(turn_.now());
  publish();
  wait_at_boundary();
}

}  // namespace stillwater::dataplane
