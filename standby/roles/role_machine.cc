#include "standby/roles/role_machine.h"

#include <utility>

#include "standby/roles/record.h"

namespace stillwater::standby {
namespace {

constexpr int kPatienceMax = 3;  // failure_timeouts, where the active's heartbeats come late

}  // namespace

RoleMachine::RoleMachine(RoleOptions options, Lease& lease, Instant now)
    : options_(std::move(options)),
      lease_(lease),
      because_("just started"),
      started_(now),
      active_detector_(options_.failure_timeout, options_.heartbeat_interval, kPatienceMax),
      // The active asks before its right ends, so that an answer in time costs no packet.
      standby_detector_(lease.length() * 3 / 4, options_.heartbeat_interval, 1) {}

Role RoleMachine::role() const {
  switch (phase_) {
    case Phase::starting:
      return Role::starting;
    case Phase::syncing:
      return Role::syncing;
    case Phase::standby:
      return Role::standby;
    case Phase::joining:
    case Phase::standalone:
      return Role::standalone;
    case Phase::active:
    case Phase::handing:
      return Role::active;
    case Phase::fenced:
      return Role::fenced;
  }
  return Role::failed;
}

bool RoleMachine::leads() const {
  return phase_ == Phase::joining || phase_ == Phase::active || phase_ == Phase::standalone ||
         phase_ == Phase::handing;
}

// What a peer said of itself before this record was known here may have been made untrue by it.
void RoleMachine::learn(const ArbiterRecord& record, Instant now) {
  if (record.term < newest_term_ || (record_ && record == *record_)) return;
  newest_term_ = record.term;
  record_ = record;
  record_since_ = now;
  peer_empty_ = false;
  if (record.term >= asked_for_.term) possible_ = false;  // it was carried out, or never can be
}

void RoleMachine::answered(const ArbiterAnswer& answer, Instant now) {
  const Ask asked = std::exchange(ask_, Ask::none);
  const bool swap = asked != Ask::none && asked != Ask::read;
  if (answer.kind == ArbiterAnswer::Kind::unanswered) {
    arbiter_silent_ = answer.why;
    retry_at_ = now + options_.heartbeat_interval * 5;
    if (!swap) return;
    possible_ = true;
    record_.reset();  // whatever it is now
    return;
  }
  arbiter_silent_.clear();
  if (answer.kind == ArbiterAnswer::Kind::swapped) possible_ = false;
  learn(answer.newest, now);
}

// After a swap without an answer the peer may tell what was true before it: only the arbiter knows better
// then.
void RoleMachine::told(const ArbiterRecord& record, Instant now) {
  if (record_ || record.term > newest_term_) learn(record, now);
}

void RoleMachine::met(const wire::Hello& theirs, Instant now) {
  const std::string name = wire::text_of(theirs.node);
  if (!peer_.empty() && (name != peer_ || theirs.incarnation != peer_incarnation_)) peer_left();
  if (phase_ == Phase::standalone || phase_ == Phase::starting || phase_ == Phase::fenced) gone_ = false;
  peer_ = name;
  peer_incarnation_ = theirs.incarnation;
  peer_state_ = theirs.state;
  peer_prefers_to_lead_ = theirs.prefers_to_lead != 0;
  connected_ = true;
  peer_empty_ = false;
  peer_stuck_ = filling_ = holdings_told_ = false;
  standby_detector_.start(now);
  if (phase_ != Phase::standby) active_detector_.start(now);
  if (const auto record = record_of(theirs.record); record && record->term > 0) told(*record, now);
  read_wanted_ = true;
}

void RoleMachine::parted(Instant now, EndedBy who) {
  connected_ = false;
  peer_parted_ = who == EndedBy::peer;
  parted_at_ = now;
  filling_ = false;
}

// Its grants and its holdings are gone with it.
void RoleMachine::peer_left() {
  gone_ = true;
  peer_empty_ = false;
  read_wanted_ = true;
}

void RoleMachine::beat(const wire::Heartbeat& heartbeat, Instant now) {
  peer_state_ = heartbeat.state;
  peer_pending_ = (heartbeat.flags & wire::kRequestPending) != 0;
  if (heartbeat.state != wire::NodeState::starting) peer_empty_ = false;
  if ((heartbeat.flags & wire::kHoldsNothing) != 0 && record_ &&
      Instant(heartbeat.echo_stamp_ns) > record_since_)
    peer_empty_ = true;
  if (record_ && heartbeat.term > record_->term) read_wanted_ = true;
  // One that grants what it granted before does not hear this node.
  if (leads() && heartbeat.grant_term == term_ && Instant(heartbeat.grant_stamp_ns) > newest_grant_) {
    newest_grant_ = Instant(heartbeat.grant_stamp_ns);
    standby_detector_.heard(now);
  }
  if (heartbeat.state != wire::NodeState::leading || heartbeat.term != term_) return;
  active_detector_.heard(now);
  if (phase_ != Phase::standby || !suspects_ || gone_ || swap_on_its_way()) return;
  suspects_ = false;
  lease_.grant_in(term_);
}

void RoleMachine::beat_refused(Instant sent) {
  if (!connected_ && peer_parted_ && sent > parted_at_ && !gone_) peer_left();
}

Status RoleMachine::filling_begins(std::uint64_t term) {
  if (phase_ != Phase::starting && phase_ != Phase::fenced && phase_ != Phase::syncing)
    return fail(Errc::refused, std::string("a node that is ") + name_of(role()) + " is not filled");
  if (request_pending()) return fail(Errc::refused, "this node has a request to the arbiter on its way");
  if (record_ && record_->term > term)
    return fail(Errc::refused, "the record is of term " + std::to_string(record_->term) +
                                   ", the source leads in " + std::to_string(term));
  lease_.stop_granting();
  phase_ = Phase::syncing;
  because_ = "being filled by " + peer_;
  term_ = term;
  copy_complete_ = suspects_ = gone_ = false;
  return {};
}

void RoleMachine::filled(Instant now) {
  if (phase_ != Phase::syncing || copy_complete_) return;
  copy_complete_ = true;
  because_ = "filled by " + peer_ + ", not in the in-sync set yet";
  active_detector_.start(now);
  lease_.grant_in(term_);
}

void RoleMachine::copy_is_void() {
  if (phase_ != Phase::standby && phase_ != Phase::syncing) return;
  lease_.stop_granting();
  phase_ = Phase::syncing;
  because_ = "this copy was wrong, and is filled anew by " + peer_;
  copy_complete_ = suspects_ = false;
}

void RoleMachine::peer_filled(Instant now) {
  filling_ = false;
  if (phase_ != Phase::standalone) return;
  phase_ = Phase::joining;
  because_ = peer_ + " is whole; asking for it to be a member";
  standby_detector_.start(now);
  lease_.transmit_under(term_);
}

void RoleMachine::filling_failed() { filling_ = false; }

Status RoleMachine::hand_over() {
  if (phase_ == Phase::handing) return {};
  if (phase_ != Phase::active)
    return fail(Errc::failed_precondition, "there is no standby in the in-sync set to hand over to");
  if (!connected_ || gone_) return fail(Errc::failed_precondition, "the standby is not connected");
  phase_ = Phase::handing;
  because_ = "handing over to " + peer_;
  last_committed_ = hand_over_asked_ = false;
  return {};
}

void RoleMachine::last_epoch_committed() {
  if (phase_ != Phase::handing) return;
  last_committed_ = true;
  lease_.fall_silent();
}

bool RoleMachine::call_off_hand_over(Instant now) {
  if (phase_ != Phase::handing || hand_over_asked_) return false;
  phase_ = Phase::active;
  because_ = "the hand-over was called off";
  standby_detector_.start(now);
  lease_.transmit_under(term_);
  return true;
}

std::string RoleMachine::why() const {
  std::string text = because_;
  if ((phase_ == Phase::active || phase_ == Phase::joining) && lease_.until() <= decided_at_)
    text += "; it may not transmit now: the standby grants nothing";
  if (phase_ == Phase::standby && suspects_ && !gone_)
    text += options_.silence_promotes
                ? "; the active is not heard"
                : "; the active is not heard, and prefer: safety does not take over on silence alone";
  if (!arbiter_silent_.empty()) text += "; the arbiter does not answer: " + arbiter_silent_;
  if (phase_ == Phase::starting && record_ && record_->term > 0 && !record_->in_sync.empty()) {
    text += "; the record of term " + std::to_string(record_->term) + " has the state at";
    for (const std::string& node : record_->in_sync) text += " " + node;
    if (sole() && !options_.cold_start)
      text += ", which is this node and has lost it: with cold_start: allow it begins without";
  }
  return text;
}

std::string RoleMachine::cannot_fail_over_because(Instant now) const {
  if (phase_ == Phase::active && lease_.until() <= now)
    return "the standby grants no lease: nothing is forwarded";
  if (!arbiter_silent_.empty()) return "the arbiter does not answer: " + arbiter_silent_;
  switch (phase_) {
    case Phase::active:
      return {};
    case Phase::standby:
      if (!options_.silence_promotes) return "prefer: safety does not take over on silence alone";
      return suspects_ ? "the active is not heard" : "";
    case Phase::handing:
      return "handing over";
    default:
      return std::string("role is ") + name_of(role()) + ": " + why();
  }
}

}  // namespace stillwater::standby
