#include "dataplane/datapath/nodes/link/next_hop_questions.h"

#include <algorithm>
#include <optional>

#include "dataplane/datapath/nodes/link/learn.h"

namespace stillwater::dataplane {

void NextHopQuestions::tick(Context& context) {
  if (context.next_hops == nullptr || context.now < next_tick_) return;
  const WatchedNextHops& hops = *context.next_hops;
  const std::size_t end = std::min(cursor_ + kPerTurn, hops.size());
  for (; cursor_ < end; ++cursor_)
    if (WatchedNextHop& hop = hops.at(cursor_); context.now - hop.asked_at >= config_.interval)
      ask(context, hop);
  if (cursor_ < hops.size()) return;
  cursor_ = 0;
  next_tick_ = context.now + kTick;
}

// The last attempt asks everybody: the address may have moved to another station.
void NextHopQuestions::ask(Context& context, WatchedNextHop& hop) const {
  const std::uint32_t unanswered = hop.unanswered.load(std::memory_order_relaxed);
  std::optional<rte_ether_addr> known;
  if (unanswered + 1 < config_.attempts) known = mac_of(context.state.neighbours.find(hop.port, hop.address));
  if (!context.output.ask(hop.port, hop.address, known ? &*known : nullptr)) return;
  hop.asked_at = context.now;
  if (unanswered <= config_.attempts) hop.unanswered.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace stillwater::dataplane
