// Soft lines: on an interval and a byte budget of their own, outside every blackout.
#include <utility>

#include "ckpt_engine/engine/engine.h"

namespace stillwater::engine {

// The blackout that is due anyway sets the marks aside. A quiesce that fails is tried again an interval
// later: soft lines are not worth stopping the workers over and over.
Status Engine::ship_soft_if_due(wire::Transport& standby, Instant now) {
  if (!mirror_.is_valid() || now - last_soft_ < policy_.soft_interval) return {};
  if (!soft_set_aside_) {
    if (awaiting_ack_ || due_soon()) return {};
    if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) {
      last_soft_ = now;
      return {};
    }
    tracker_.collect_soft();
    barrier_.resume();
  }
  return send_soft(standby, policy_.soft_bytes);
}

bool Engine::due_soon() const {
  return epochs_.checkpoint_wanted() || epochs_.deferred().packets > 0 || tracker_.dirty_bytes_hint() > 0;
}

// All that the peer may not have, whatever became of what was sent. After `collect_soft`.
void Engine::add_soft_changes(std::vector<region::Extent>& out) {
  tracker_.take_soft(out, region_.size());
  soft_set_aside_ = false;
  out.insert(out.end(), soft_lost_.begin(), soft_lost_.end());
  soft_lost_.clear();
}

// Copied while forwarding runs: torn copies are allowed, soft state says what they cost.
Status Engine::send_soft(wire::Transport& standby, std::uint64_t budget_bytes) {
  last_soft_ = clock_.now();
  soft_set_aside_ = false;
  extents_ = std::exchange(soft_lost_, {});
  tracker_.take_soft(extents_, budget_bytes);
  soft_sent_.insert(soft_sent_.end(), extents_.begin(), extents_.end());
  for (const auto& portion : portions_of(extents_, staging_.lines_max())) {
    if (!staging_.gather_live(region_, portion, 0, 0))
      return fail(Errc::resource_exhausted, "staging is too small to copy from");
    for (const std::span<std::byte> staged : staging_.frames())
      if (Status added = shipment_.add_soft(standby, staged); !added) return added;
  }
  return shipment_.send(standby);
}

}  // namespace stillwater::engine
