// What a worker does besides moving packets.
#include <algorithm>

#include "dataplane/datapath/ping/send_echo.h"
#include "dataplane/datapath/worker.h"

namespace stillwater::dataplane {
namespace {

// Serves the query if it was posted, and was not taken back.
template <class Query, class Serve>
void serve_posted(Query& query, Serve serve) {
  auto posted = QueryStage::posted;
  if (!query.stage.compare_exchange_strong(posted, QueryStage::running, std::memory_order_acquire)) return;
  serve(query);
  query.stage.store(QueryStage::done, std::memory_order_release);
}

}  // namespace

// Includes everything that keeps a worker from its ports: a barrier, a sleep, a long turn.
void Worker::note_receive_gap() {
  const std::int64_t gap = (context_.now - last_poll_).count();
  const bool first = last_poll_ == Instant(0);
  last_poll_ = context_.now;
  auto& largest = setup_.report.largest_receive_gap;
  if (!first && gap > largest.load(std::memory_order_relaxed)) largest.store(gap, std::memory_order_relaxed);
}

// The first turn after a takeover, before anything else is done in it.
void Worker::activate() {
  setup_.requests.activate.store(false, std::memory_order_relaxed);
  setup_.state.neighbours.scrub(turn_);
  ageing_.begin_grace(turn_.now_s());
  ageing6_.begin_grace(turn_.now_s());
  setup_.state.sessions.begin_lead();
  setup_.state.sessions6.begin_lead();
  setup_.state.nat.forget();
  if (context_.next_hops != nullptr) context_.next_hops->forget_silence();
}

// Between two turns, by the last one's region time: nothing but frames changes.
void Worker::release_held() {
  const Instant now = setup_.clock.now();
  output_.begin_turn(now, turn_.now_s(), setup_.epochs.current(), setup_.epochs.committed());
  if (setup_.permit.holds(now)) [[maybe_unused]]
    const bool all = output_.release();
  output_.transmit_or_drop();
}

std::uint16_t Worker::take(const quiesce::PortQueue& queue, rte_mbuf** packets, std::uint16_t n) {
  return setup_.handover.keep_some(queue.port, packets, n);
}

void Worker::serve_requests() {
  Requests& requests = setup_.requests;
  requests.pending.exchange(false, std::memory_order_acquire);
  served_ = true;
  if (requests.announce.exchange(false, std::memory_order_relaxed)) announcements_.begin(context_.now);
  const auto serve_it = [this](auto& query) { serve(query); };
  serve_posted(requests.query, serve_it);
  serve_posted(requests.bindings, serve_it);
  serve_posted(requests.trace, serve_it);
  serve_posted(requests.ping, serve_it);
}

void Worker::serve(TraceQuery& query) {
  rehearser_.run(context_, query.port, {query.frame.data(), query.frame_bytes}, query.record);
}

// It leaves at once, so that the time until its answer is not that of this worker's sleep.
void Worker::serve(PingQuery& query) {
  query.sent_at = setup_.clock.now();
  query.result = send_echo(context_, query.order);
  output_.transmit();
}

void Worker::flush_counters() {
  next_counters_ = context_.now + kCountersInterval;
  DropCounts& drops = pool_.drops();
  for (std::size_t i = 0; i < drops.size(); ++i) {
    if (drops[i] == 0) continue;
    setup_.state.drops.add(turn_, i, drops[i]);
    drops[i] = 0;
  }
}

void Worker::publish() {
  WorkerReport& report = setup_.report;
  report.turns.store(++turns_, std::memory_order_release);
  report.sent.store(output_.frames_sent(), std::memory_order_relaxed);
  report.sent_past_permit.store(output_.frames_sent_past_permit(), std::memory_order_relaxed);
  report.sessions.store(setup_.state.sessions.in_use(), std::memory_order_relaxed);
  report.sessions6.store(setup_.state.sessions6.in_use(), std::memory_order_relaxed);
  report.held.store(agent_.held(), std::memory_order_relaxed);
}

// Nothing may be written after this until the next begin_turn: the region may have changed.
void Worker::wait_at_boundary() {
  const bool worked = received_count_ != 0 || served_ || !released_all_;
  served_ = false;
  const Nanos sleep = idle_.after_turn(worked, output_.holds());
  if (sleep == 0ns)
    agent_.at_boundary();
  else
    agent_.park(static_cast<std::uint64_t>(sleep.count()));
}

}  // namespace stillwater::dataplane
