// What a node does while it follows, and how it takes over.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "appliance/node/link.h"
#include "appliance/node/node.h"
#include "standby/personality.h"

namespace stillwater::appliance {
namespace {

// How long a node that would lead looks for a peer that does, before it begins alone.
constexpr Nanos kStartPatience = 2s;

}  // namespace

void Node::follow() {
  receiver_->connected();
  set_role(standby::Role::syncing, "being filled by " + peer_);
}

Status Node::follower_received(std::size_t bytes) {
  const std::uint64_t before = receiver_->committed();
  if (Status done = receiver_->received(bytes); !done) return done;
  if (receiver_->in_sync() && role_ == standby::Role::standby)
    epochs_followed_ += receiver_->committed() - before;
  if (const auto output = receiver_->take_output(); !output.empty())
    if (Status sent = link_->send(output); !sent) return sent;
  if (receiver_->in_sync() && role_ != standby::Role::standby)
    set_role(standby::Role::standby, "in sync with " + peer_);
  return {};
}

void Node::follow_turn() {
  const Instant now = parts_.clock.now();
  const bool lost = (link_ || role_ == standby::Role::standby) && detector_.look(now);
  if (receiver_->goodbye() && receiver_->goodbye()->you_lead == 1 && receiver_->in_sync() &&
      receiver_->goodbye()->committed_epoch == receiver_->committed()) {
    link_.reset();
    return take_over("planned stop of " + peer_, Proof::its_own_word);
  }
  if (role_ == standby::Role::standby && lost) {
    if (parts_.config.prefer == Prefer::availability) {
      link_.reset();
      const auto silent_ms = static_cast<int>(milliseconds(detector_.silence(now)));
      return take_over("no heartbeat of " + peer_ + " for " + std::to_string(silent_ms) + " ms", Proof::none);
    }
    set_role(standby::Role::standby,
             "no heartbeat of " + peer_ + "; prefer: safety keeps this node from leading without proof");
  } else if (lost && link_) {
    lost_connection("no heartbeat of the active");
  }
  if (role_ == standby::Role::starting && parts_.config.profile.role == InitialRole::active &&
      parts_.config.prefer == Prefer::availability && !link_ && now - looking_since_ > kStartPatience)
    start_empty(dial_pause_ > Nanos(0) ? "no pair: " + last_refusal_ : "the peer did not answer");
}

void Node::take_over(const std::string& reason, Proof proof) {
  spdlog::warn("taking over: {}", reason);
  proof_of_silence_ = proof;
  last_takeover_.clear();
  const auto report = standby::take_over(*this, parts_.clock);
  if (!report) {
    spdlog::critical("{}", report.error().message);
    return fail_node(report.error().message);
  }
  last_takeover_ = report->text();
  spdlog::warn("took over in term {} at epoch {}: {}", parts_.region.header().term, engine_->committed(),
               last_takeover_);
  set_role(standby::Role::standalone, "took over: " + reason);
}

Status Node::fence() {
  if (proof_of_silence_ == Proof::none)
    spdlog::warn(
        "arbiter: none. Nobody else confirms that the old active is silent; if only the cable between the "
        "nodes is "
        "cut, both forward now");
  return {};
}

void Node::roll_back_partial_epoch() {
  if (const std::size_t groups = receiver_->disconnected(); groups > 0)
    spdlog::warn("rolled back {} group{} of epoch {}, which was not committed", groups,
                 groups == 1 ? "" : "s", receiver_->committed() + 1);
}

Status Node::finish_or_roll_back() {
  roll_back_partial_epoch();
  if (!receiver_->in_sync()) return fail(Errc::failed_precondition, "this node holds no whole epoch");
  return {};
}

Status Node::take_personality() {
  return standby::load_personality(parts_.region.profile_page()).map([](const standby::Personality& p) {
    spdlog::info("personality: node {}, management at {}", p.node, p.management);
  });
}

Status Node::set_clocks() {
  const Nanos since_heard = parts_.clock.now() - region_time_heard_at_;
  const Nanos region_now = std::max(parts_.region.region_now(), region_now_heard_ + since_heard);
  parts_.region.set_identity(parts_.region.header().region_id,
                             std::max(parts_.region.header().term, peer_term_) + 1);
  parts_.dataplane.continue_region_time(region_now);
  parts_.dataplane.on_activate();
  engine_->lead_from(receiver_->committed());
  return {};
}

// Bounded: what the rings held at the fence is gone even where more keeps arriving.
Status Node::drain_ports() { return parts_.dataplane.barrier().drain_ports(50ms); }

Status Node::restart_agent() {
  parts_.dataplane.barrier().set_discard(false);
  parts_.dataplane.barrier().resume();
  return {};
}

Status Node::announce() {
  parts_.dataplane.announce();
  return {};
}

}  // namespace stillwater::appliance
