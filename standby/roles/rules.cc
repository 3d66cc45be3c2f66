// The rules of the role machine: what a node does by the record, and when it asks for another.
#include "standby/roles/role_machine.h"

namespace stillwater::standby {
namespace {

constexpr Nanos kRecordInterval = 100ms;    // an old record is asked for again
constexpr Nanos kStartPatienceOther = 15s;  // the same for one that would rather follow
constexpr Nanos kStartPatience = 2s;        // a node that would lead looks for a peer that does
constexpr int kReconnectTimeouts = 2;  // a standby that is heard, but not connected: so many failure_timeouts
constexpr int kBeatsMissedParted = 4;  // of a peer whose connection closed

}  // namespace

// While a swap is on its way the record may be about to change: nothing is decided by the one that is known.
Decision RoleMachine::decide(Instant now) {
  decided_at_ = now;
  if (phase_ == Phase::standby && gone_) lease_.grants_are_void();
  // But that the hand-over was carried out may be told by the successor before the arbiter's answer comes.
  if (swap_on_its_way())
    return phase_ == Phase::handing && record_ == asked_for_ ? leader_by_record(now) : Decision{};
  if (record_) {
    if (Decision d = follow_record(now); d.kind != Decision::Kind::nothing) return d;
    Decision d;
    if (phase_ == Phase::starting) d = start(now);
    if (phase_ == Phase::standby) d = watch_active(now);
    if (leads()) d = watch_standby(now);
    if (d.kind != Decision::Kind::nothing) return d;
  }
  return read_if_due(now);
}

Decision RoleMachine::read_if_due(Instant now) {
  if (ask_ != Ask::none || now < retry_at_) return {};
  if (record_ && !read_wanted_ && now - read_at_ < kRecordInterval) return {};
  read_wanted_ = false;
  read_at_ = now;
  ask_ = Ask::read;
  return {.kind = Decision::Kind::read_record};
}

// A request on its way is answered, if only by its time-out; nothing is asked for before that.
Instant RoleMachine::decide_again_at() const {
  if (ask_ != Ask::none) return Instant::max();
  const Instant read_at = record_ && !read_wanted_ ? read_at_ + kRecordInterval : Instant{};
  Instant at = std::max(read_at, retry_at_);
  if (phase_ == Phase::standby && record_ && mine()) {
    at = std::min(at, lease_.grants_end());
  } else if (phase_ == Phase::standby && !suspects_) {
    at = std::min(at, active_detector_.look_again_at());
  }
  if (phase_ == Phase::joining || phase_ == Phase::active)
    at = std::min(at, std::max(retry_at_, standby_detector_.look_again_at()));
  return at;
}

Decision RoleMachine::become(Phase phase, Decision::Kind kind) {
  phase_ = phase;
  term_ = record_->term;
  return {.kind = kind, .expected = {}, .next = *record_};
}

Decision RoleMachine::follow_record(Instant now) {
  if (leads()) return leader_by_record(now);
  if (phase_ == Phase::standby) return standby_by_record(now);
  // Filled, and now a member. A copy that is not whole was never asked for.
  if (phase_ == Phase::syncing && copy_complete_ && !mine() && in_set() && newer()) {
    copy_complete_ = suspects_ = false;
    because_ = "in sync with " + record_->active;
    active_detector_.start(now);
    Decision d = become(Phase::standby, Decision::Kind::admitted);
    lease_.grant_in(term_);
    return d;
  }
  // Filled, but the source is gone and the record moved on without this node.
  if (phase_ == Phase::syncing && !copy_complete_ && gone_) {
    phase_ = Phase::starting;
    because_ = "the source was lost before the copy was whole";
    term_ = 0;
    gone_ = false;
    started_ = now;
    return {.kind = Decision::Kind::forget};
  }
  // This very process asked for it, and nobody else did since: its region id is known to nobody else.
  if (phase_ == Phase::starting && last_swap_ == Ask::empty && *record_ == asked_for_) {
    because_ = "nobody held any state";
    lease_.transmit_alone();
    return become(Phase::standalone, Decision::Kind::begin_empty);
  }
  return {};
}

Decision RoleMachine::leader_by_record(Instant now) {
  if (!mine()) {
    const bool handed = silent() && in_set();
    lease_.fall_silent();
    gone_ = suspects_ = false;
    if (!handed) {
      because_ = record_->active + " leads in term " + std::to_string(record_->term);
      return become(Phase::fenced, Decision::Kind::fence);
    }
    because_ = "handed over to " + record_->active;
    active_detector_.start(now);
    Decision d = become(Phase::standby, Decision::Kind::hand_down);
    lease_.grant_in(term_);
    return d;
  }
  if (phase_ != Phase::standalone && sole() && newer()) {
    because_ = "no standby: " + (peer_.empty() ? "none known" : peer_ + " was removed from the in-sync set");
    lease_.transmit_alone();
    peer_stuck_ = false;
    return become(Phase::standalone, Decision::Kind::stand_alone);
  }
  if ((phase_ == Phase::joining || phase_ == Phase::active) && both() &&
      (phase_ == Phase::joining || newer())) {
    because_ = peer_ + " is in sync";
    Decision d = become(Phase::active, Decision::Kind::obey);
    lease_.transmit_under(term_);
    return d;
  }
  return {};
}

Decision RoleMachine::standby_by_record(Instant now) {
  if (mine() && sole()) {
    lease_.stop_granting();
    if (now < lease_.grants_end()) return {};  // nobody else transmits any more once this has passed
    because_ = gone_ ? "took over: " + peer_ + " is gone" : "took over: " + peer_ + " was not heard";
    suspects_ = false;
    lease_.transmit_alone();
    return become(Phase::standalone, Decision::Kind::take_over);
  }
  if (mine()) {
    because_ = "took over: planned switchover of " + peer_;
    suspects_ = false;
    standby_detector_.start(now);
    Decision d = become(Phase::active, Decision::Kind::take_over);
    lease_.transmit_under(term_);
    return d;
  }
  if (!in_set()) {
    because_ = "removed from the in-sync set by " + record_->active;
    lease_.stop_granting();
    suspects_ = gone_ = false;
    return become(Phase::fenced, Decision::Kind::fence);
  }
  if (!newer()) return {};
  Decision d = become(Phase::standby, Decision::Kind::new_term);
  if (!suspects_) lease_.grant_in(term_);
  return d;
}

Decision RoleMachine::start(Instant now) {
  if (now < retry_at_) return {};
  // Once more the same: under the same record nobody can have come to hold anything.
  if (possible_ && last_swap_ == Ask::empty && asked_for_.term == record_->term + 1)
    return ask(Ask::empty, asked_for_, now);
  const bool alone_held_it = options_.cold_start && (sole());
  const bool waited = now - started_ > kStartPatience;
  const bool peer_is_empty = connected_ && peer_empty_;  // a connection of before cannot fill it any more
  if (record_->term == 0 ? !may_begin_first(now) : !peer_is_empty && !(alone_held_it && waited)) return {};
  return ask(Ask::empty,
             {.term = record_->term + 1,
              .active = options_.node,
              .in_sync = {options_.node},
              .region_id = options_.new_region_id()},
             now);
}

// No pair ran yet. Which of two empty nodes begins is a matter of taste; that only one does, the arbiter's.
bool RoleMachine::may_begin_first(Instant now) const {
  const bool waited = now - started_ > kStartPatience;
  if (options_.lone) return true;
  if (connected_) {
    if (options_.prefers_to_lead != peer_prefers_to_lead_) return options_.prefers_to_lead;
    return options_.node < peer_;
  }
  if (options_.arbitrated) return options_.prefers_to_lead || now - started_ > kStartPatienceOther;
  return options_.prefers_to_lead && options_.silence_promotes && waited;
}

bool RoleMachine::lost(Instant now, FailureDetector& detector) const {
  const bool silent = detector.look(now);
  const bool hung_up = !connected_ && peer_parted_;
  return silent || (hung_up && detector.silence(now) > kBeatsMissedParted * options_.heartbeat_interval);
}

// Silence does not tell a crash from a cut cable: the arbiter decides, and the lease ends before this node
// transmits.
Decision RoleMachine::watch_active(Instant now) {
  if (mine() || !in_set()) return {};
  if (!suspects_ && (lost(now, active_detector_) || gone_)) {
    suspects_ = true;
    suspicion_ = {.silence = active_detector_.silence(now), .since = now};
    lease_.stop_granting();
  }
  if (!suspects_ || now < retry_at_ || (!gone_ && !options_.silence_promotes)) return {};
  return ask(Ask::promote,
             {.term = record_->term + 1,
              .active = options_.node,
              .in_sync = {options_.node},
              .region_id = record_->region_id},
             now);
}

Decision RoleMachine::watch_standby(Instant now) {
  if (!mine() || now < retry_at_) return {};
  const auto with = [&](std::string active, std::set<std::string> in_sync) {
    return ArbiterRecord{.term = record_->term + 1,
                         .active = std::move(active),
                         .in_sync = std::move(in_sync),
                         .region_id = record_->region_id};
  };
  if (phase_ == Phase::standalone) {
    const bool fillable = connected_ && holdings_told_ && !peer_pending_ &&
                          (peer_state_ == wire::NodeState::starting ||
                           peer_state_ == wire::NodeState::syncing || peer_state_ == wire::NodeState::fenced);
    // A peer that is whole is obeyed before it is a member. While nobody can make it one, nor let this node
    // go on without it, its loss would silence this node.
    if (filling_ || filling_paused_ || !fillable || !arbiter_silent_.empty()) return {};
    filling_ = true;
    gone_ = false;
    return {.kind = Decision::Kind::fill_peer};
  }
  const bool unreachable = !connected_ && now - parted_at_ > kReconnectTimeouts * options_.failure_timeout;
  if (lost(now, standby_detector_) || gone_ || peer_stuck_ || unreachable)
    return ask(Ask::remove, with(options_.node, {options_.node}), now);
  if (phase_ == Phase::joining && connected_ && sole() && !newer())
    return ask(Ask::add, with(options_.node, {options_.node, peer_}), now);
  if (phase_ == Phase::handing && last_committed_ && both() && !newer()) {
    Decision d = ask(Ask::hand_over, with(peer_, {options_.node, peer_}), now);
    hand_over_asked_ = hand_over_asked_ || d.kind == Decision::Kind::swap_record;
    return d;
  }
  return {};
}

Decision RoleMachine::ask(Ask what, ArbiterRecord next, Instant now) {
  if (ask_ != Ask::none) return {};  // a read: its answer comes first
  ask_ = last_swap_ = what;
  read_at_ = now;
  asked_for_ = std::move(next);
  return {.kind = Decision::Kind::swap_record, .expected = *record_, .next = asked_for_};
}

}  // namespace stillwater::standby
