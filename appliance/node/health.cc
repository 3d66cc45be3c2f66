// Which of the two nodes is fitter to lead, and the end of one that is of no use any more.
#include <cstdlib>

#include <spdlog/spdlog.h>

#include "appliance/node/node.h"

namespace stillwater::appliance {
namespace {

// Below what any link or target weighs by default: the peer's judgement of this node decides between equals.
constexpr unsigned kMuteWeight = 10;
constexpr Nanos kLinksSettle = 10ms;  // two nodes look every few milliseconds
constexpr Nanos kHandOverAgain = 5s;  // after one that was called off
constexpr int kStuckStatus = 70;      // EX_SOFTWARE of sysexits.h

}  // namespace

void Node::watch_health() {
  if (!health_) return;
  const std::uint16_t penalty = health_->penalty();
  const bool mute = health_->leader_is_mute();
  const bool follows = machine().phase() == standby::Phase::standby;
  health_->look(parts_.clock.now(), follows ? machine().record()->active : std::string());
  if (penalty != health_->penalty() || mute != health_->leader_is_mute()) says(said_);
  if (!mute && health_->leader_is_mute())
    spdlog::warn("{} does not answer any more on its data ports", peer_);
  if (health_->text() != health_said_) {
    health_said_ = health_->text();
    if (health_said_.empty())
      spdlog::info("this node is well again");
    else
      spdlog::warn("this node is less fit to lead: {}", health_said_);
  }
  if (!health_->stuck().empty()) watch_stuck_worker();
}

// A worker that does not reach its next packet boundary can neither be quiesced nor handed over. The kernel
// tells the peer at once that this process has ended, and takes the workers with it.
void Node::watch_stuck_worker() {
  const bool can_be_spared =
      machine().phase() == standby::Phase::standby ||
      (machine().leads() && machine().cannot_fail_over_because(parts_.clock.now()).empty());
  if (can_be_spared) {
    spdlog::critical("{}: this process ends, for the other node to {}", health_->stuck(),
                     machine().leads() ? "take over" : "know");
    spdlog::default_logger()->flush();
    std::_Exit(kStuckStatus);
  }
  if (stuck_said_.let_through("", parts_.clock.now()))
    spdlog::error("{}, and no other node can take over", health_->stuck());
}

// Both nodes may see one loss, each in its own time: that this one is worse off has to last for as long as
// the other may need to see it too.
void Node::hand_over_to_the_fitter() {
  const Instant now = parts_.clock.now();
  if (!health_ || machine().phase() != standby::Phase::active || operator_quiesce_until_) {
    worse_off_since_.reset();
    return;
  }
  const bool by_links = health_->links_lost() > peer_penalty_;
  const unsigned own = health_->ill() + (peer_says_mute_ ? kMuteWeight : 0);
  if (!by_links && own <= peer_penalty_) {
    worse_off_since_.reset();
    return;
  }
  if (!worse_off_since_) worse_off_since_ = now;
  const Nanos settling = by_links ? kLinksSettle : 2 * parts_.config.tracking.interval;
  if (now - *worse_off_since_ < settling || now < next_hand_over_ || lead_hold_.left(now) > 0ns) return;
  if (!machine().cannot_fail_over_because(now).empty()) return;
  next_hand_over_ = now + kHandOverAgain;
  spdlog::warn("handing over to {}, which is fitter to lead: {}", peer_,
               health_->ill() > 0 ? health_->text() : "it gets no answer from this node's data ports");
  begin_switchover(true, {});
}

}  // namespace stillwater::appliance
