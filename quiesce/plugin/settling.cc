#include "quiesce/plugin/settling.h"

#include <algorithm>

namespace stillwater::quiesce::plugin {
namespace {

std::string name_of(const QueueLook& queue) {
  const std::string way = queue.direction == Direction::receive ? " rx queue " : " tx queue ";
  return "port " + std::to_string(queue.port) + way +
         (queue.queue == UINT16_MAX ? "(unnamed)" : std::to_string(queue.queue));
}

std::uint64_t difference(std::uint64_t more, std::uint64_t less) { return more > less ? more - less : 0; }

// Two bounds, and the lower one counts: the account has what the program dropped on top, the pools what
// drivers keep in their rings. A program that made more packets than it dropped leaves the pools alone.
std::uint64_t inside_of(const Look& now) {
  const std::uint64_t balance = difference(now.received, now.transmitted);
  if (!now.pools_known) return balance;
  return now.received < now.transmitted ? now.in_pools_use : std::min(balance, now.in_pools_use);
}

}  // namespace

const char* name_of(Basis basis) {
  switch (basis) {
    case Basis::pools:
      return "pools";
    case Basis::balance:
      return "balance";
    case Basis::settled:
      return "settled";
  }
  return "";
}

Settling::Settling(const Look& start, Nanos timeout, Nanos settle, IsRunnable is_runnable)
    : deadline_(start.at + timeout),
      settle_(settle),
      is_runnable_(std::move(is_runnable)),
      active_at_(start.at) {
  for (const QueueLook& queue : start.queues) {
    if (queue.direction == Direction::receive) (void)base_of(queue);
  }
  note_activity(start);
}

// A queue of a port that started after the stop counts from the first look at it.
std::uint64_t Settling::base_of(const QueueLook& queue) {
  return entered_at_stop_.try_emplace({queue.port, queue.queue}, queue.entered).first->second;
}

void Settling::note_activity(const Look& now) {
  // Fewer only: where a port is a ring, what arrives during a quiesce comes out of a pool too.
  bool active = now.in_pools_use < in_pools_use_ || ran_at_activity_.empty();
  in_pools_use_ = now.in_pools_use;
  for (const QueueLook& queue : now.queues) {
    if (queue.direction != Direction::transmit) continue;
    std::uint64_t& sent = packets_sent_.try_emplace({queue.port, queue.queue}, queue.packets).first->second;
    if (sent == queue.packets) continue;
    sent = queue.packets;
    last_sender_ = name_of(queue);
    active = true;
  }
  if (!active) return;
  active_at_ = now.at;
  ran_at_activity_.clear();
  for (const ThreadLook& thread : now.threads) ran_at_activity_[thread.id] = thread.ran;
}

std::string Settling::calls_inside(const Look& now) {
  for (const QueueLook& queue : now.queues) {
    if (queue.direction != Direction::receive || !queue.stopped) continue;
    // One thread at a time calls on a queue, so what left since the stop has taken the call before it along.
    const bool passed = !queue.shared && queue.left >= base_of(queue);
    if (queue.entered != queue.left && !passed) return name_of(queue) + ": a call has not returned";
    if (!queue.wrapper_seen && now.at - queue.wrapped_at < kGrace) {
      return name_of(queue) + ": started just now, a thread may be inside its driver";
    }
  }
  return {};
}

std::string Settling::rounds_missing(const Look& now) {
  for (const QueueLook& queue : now.queues) {
    if (queue.direction != Direction::receive || !queue.stopped || !queue.polled) continue;
    if (queue.entered - base_of(queue) < kRounds) return name_of(queue) + ": its thread has not come back";
  }
  return {};
}

// In each thread's own time: a worker that waits for a processor has not had its chance to transmit yet.
std::string Settling::starved_thread(const Look& now) {
  for (const ThreadLook& thread : now.threads) {
    const auto before = ran_at_activity_.find(thread.id);
    const Nanos base = before == ran_at_activity_.end() ? 0ns : before->second;
    if (thread.ran - base < settle_ && is_runnable_(thread.id)) {
      return "thread " + std::to_string(thread.id) + " waits for a processor";
    }
  }
  return {};
}

std::string Settling::unsettled(const Look& now) {
  if (now.at - active_at_ < settle_) {
    return last_sender_.empty() ? "packets are still being freed" : last_sender_ + ": still transmitting";
  }
  for (const QueueLook& queue : now.queues) {
    if (queue.direction == Direction::transmit && queue.entered != queue.left) {
      return name_of(queue) + ": a call has not returned";
    }
  }
  return starved_thread(now);
}

Verdict Settling::look(const Look& now) {
  note_activity(now);
  std::string waits_for = calls_inside(now);
  const bool full = waits_for.empty() && now.pools_known && now.in_pools_use == 0;
  full_looks_ = full ? full_looks_ + 1 : 0;
  // A pool's count is the sum of several that move: one look may err, two in a row do not.
  if (full_looks_ >= 2) return {.state = Verdict::State::free, .basis = Basis::pools, .exact = true};
  if (waits_for.empty()) waits_for = rounds_missing(now);
  if (waits_for.empty()) {
    if (now.balance_trusted && now.received == now.transmitted) {
      return {.state = Verdict::State::free, .basis = Basis::balance, .exact = true};
    }
    // The next look may tell exactly what settling could only guess.
    waits_for = full ? "the pools are full at one look, and not yet at two" : unsettled(now);
  }
  if (waits_for.empty()) {
    return {.state = Verdict::State::free, .basis = Basis::settled, .unaccounted = inside_of(now)};
  }
  if (now.at < deadline_) return {.state = Verdict::State::wait};
  return {.state = Verdict::State::timed_out, .inside = inside_of(now), .reason = std::move(waits_for)};
}

}  // namespace stillwater::quiesce::plugin
