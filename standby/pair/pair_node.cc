#include "standby/pair/pair_node.h"

#include <algorithm>
#include <utility>

#include "ckpt_engine/wire/formats.h"
#include "standby/roles/record.h"

namespace stillwater::standby {
namespace {

// The largest of a follower's messages is what it holds.
constexpr std::size_t kInboxBytes = 2 * wire::payload_max(wire::Type::holdings);

wire::NodeState state_of(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return wire::NodeState::starting;
    case Phase::syncing:
      return wire::NodeState::syncing;
    case Phase::standby:
      return wire::NodeState::standby;
    case Phase::fenced:
      return wire::NodeState::fenced;
    default:
      return wire::NodeState::leading;
  }
}

}  // namespace

PairNode::PairNode(Parts parts)
    : parts_(std::move(parts)),
      machine_(parts_.roles, parts_.lease, parts_.clock.now()),
      engine_({parts_.region, parts_.tracker, parts_.forwarding.barrier(), parts_.epochs, parts_.clock,
               std::move(parts_.staging)},
              parts_.policy),
      receiver_(parts_.region, parts_.reserved, {}, this),
      config_(parts_.config),
      inbox_(kInboxBytes) {}

std::uint64_t PairNode::committed() const {
  return machine_.leads() ? engine_.committed() : receiver_.committed();
}

wire::Hello PairNode::hello() const {
  wire::Hello hello = parts_.identity;
  hello.newest_format = wire::formats_spoken().newest;
  hello.region_id = parts_.region.header().region_id;
  hello.term = machine_.term();
  hello.committed_epoch = committed();
  hello.state = state_of(machine_.phase());
  hello.record = machine_.record() ? wire_of(*machine_.record()) : wire::Record{};
  return hello;
}

wire::Heartbeat PairNode::heartbeat() const {
  wire::Heartbeat beat{};
  beat.incarnation = parts_.identity.incarnation;
  beat.state = state_of(machine_.phase());
  beat.term = machine_.term();
  beat.epoch = committed();
  if (machine_.request_pending()) beat.flags |= wire::kRequestPending;
  if (machine_.says_empty()) beat.flags |= wire::kHoldsNothing;
  return beat;
}

// An active's engine goes on with the standby that it had: what that one holds tells the fate of an epoch
// whose acknowledgement was lost. Another process than before holds nothing.
void PairNode::connected(wire::Transport& link, const wire::Hello& theirs) {
  const bool same = peer_incarnation_ == theirs.incarnation;
  link_ = &link;
  peer_incarnation_ = theirs.incarnation;
  inbox_filled_ = 0;
  replicating_ = holdings_told_ = false;
  peer_holds_.emplace();
  config_.connected();
  wire::Hello met = theirs;
  if (parts_.arbiter == nullptr) {
    if (const auto record = record_of(theirs.record)) local_.merge(*record);
    met.record = wire_of(local_.record());
  }
  machine_.met(met, parts_.clock.now());
  // A hello may be older than the connection: the record that it told may be as well.
  tell_record();
  if (link_ == nullptr) return;
  if (!machine_.leads()) {
    receiver_.connected();
    return tell_holdings();
  }
  if (machine_.phase() == Phase::standalone || !same) return;
  // A last epoch whose fate was open has to be shipped again, unless the standby has it.
  if (engine_.awaiting_ack() && theirs.committed_epoch <= engine_.committed()) last_epoch_shipped_ = false;
  const bool holds_copy =
      theirs.state == wire::NodeState::standby || theirs.state == wire::NodeState::syncing;
  const Status resumed = holds_copy ? engine_.reconnected(theirs.committed_epoch)
                                    : Status(fail(Errc::protocol, "the standby has lost its copy"));
  replicating_ = resumed.has_value();
  if (!resumed) {
    say(PairEvents::Severity::warning, resumed.error().message);
    machine_.peer_is_stuck();
  }
}

void PairNode::disconnected(const std::string& why, RoleMachine::EndedBy who) {
  if (link_ == nullptr) return;
  link_ = nullptr;
  config_.disconnected();
  say(PairEvents::Severity::warning, "replication connection ended: " + why);
  machine_.parted(parts_.clock.now(), who);
  if (!machine_.leads()) return roll_back_partial_epoch();
  replicating_ = requested_under_way_ = false;
  if (machine_.phase() == Phase::standalone)
    engine_.standby_lost();
  else
    engine_.connection_lost();
}

void PairNode::hang_up(const std::string& why) {
  if (link_ == nullptr) return;
  parts_.events.hang_up(why);
  disconnected(why, RoleMachine::EndedBy::this_node);
}

std::span<std::byte> PairNode::space() {
  if (!machine_.leads()) return receiver_.space();
  return std::span(inbox_).subspan(inbox_filled_);
}

Status PairNode::received(std::size_t n) {
  return machine_.leads() ? leader_received(n) : follower_received(n);
}

void PairNode::beat(const wire::Heartbeat& theirs, Instant at) {
  machine_.beat(theirs, at);
  if (machine_.leads() || theirs.state != wire::NodeState::leading || theirs.term < machine_.term()) return;
  if (theirs.region_now_ns < 0 || theirs.region_now_ns >= wire::kRegionNowEnd) return;
  region_now_heard_ = Nanos(theirs.region_now_ns);
  region_time_heard_at_ = at;
}

void PairNode::turn() {
  decide_all();
  const Instant now = parts_.clock.now();
  if (failure_.empty() && machine_.leads()) lead_turn(now);
  if (brings_waiting()) bring_waiting(now);
  if (failure_.empty()) read_on_if_not_to_lead();
  if (failure_.empty()) exchange_config();
  decide_all();
}

// What was kept for a leader that this node does not become would be in the way of all that follows it.
void PairNode::read_on_if_not_to_lead() {
  if (link_ == nullptr || machine_.leads() || !receiver_.left_for_a_leader() || is_to_lead()) return;
  if (Status read = follower_received(0); !read) hang_up(read.error().message);
}

// A peer that cannot build what this node uses is no successor.
void PairNode::exchange_config() {
  config_.set_leads(machine_.leads());
  const bool may_succeed = machine_.leads() && (machine_.phase() != Phase::standalone || replicating_);
  if (Status sent = config_.turn(link_, may_succeed); !sent) return hang_up(sent.error().message);
  if (may_succeed && !config_.peer_refusal().empty()) machine_.peer_is_stuck();
}

// Bounded: a decision changes phase or asks, and an arbiter that answers at once is asked once a turn.
void PairNode::decide_all() {
  Arbiter& arbiter = parts_.arbiter != nullptr ? *parts_.arbiter : local_;
  for (unsigned steps = 0; steps < 32 && failure_.empty(); ++steps) {
    if (const auto answer = arbiter.take_answer()) {
      const auto before = machine_.record();
      machine_.answered(*answer, parts_.clock.now());
      if (machine_.record() != before) tell_record();
    }
    config_.set_leads(machine_.leads());
    machine_.pause_filling(paused_ || !config_.peer_is_ready());
    const Decision decision = machine_.decide(parts_.clock.now());
    if (decision.kind != Decision::Kind::read_record) parts_.events.says(heartbeat());
    if (decision.kind == Decision::Kind::nothing) return;
    if (decision.kind == Decision::Kind::read_record)
      arbiter.read();
    else if (decision.kind == Decision::Kind::swap_record)
      arbiter.swap(decision.expected, decision.next);
    else
      perform(decision);
  }
}

void PairNode::perform(const Decision& decision) {
  using Kind = Decision::Kind;
  switch (decision.kind) {
    case Kind::begin_empty:
      return begin_empty(decision.next);
    case Kind::take_over:
      return take_over();
    case Kind::stand_alone:
      return stand_alone();
    case Kind::obey:
      return parts_.region.set_identity(decision.next.region_id, machine_.term());
    case Kind::fence:
      return fence_leader();
    case Kind::hand_down:
      return hand_down();
    case Kind::admitted:
    case Kind::new_term:
      return receiver_.set_term(machine_.term());
    case Kind::forget:
      return receiver_.forget();
    case Kind::fill_peer:
      return fill_peer();
    case Kind::nothing:
    case Kind::read_record:
    case Kind::swap_record:
      return;
  }
}

// Whoever has read a newer record tells the other: a record does not depend on who passes it on.
void PairNode::tell_record() {
  if (link_ == nullptr || !machine_.record() || machine_.record()->term == 0) return;
  if (Status sent = link_->send(wire::make_frame(wire::Type::record, wire_of(*machine_.record()))); !sent)
    hang_up(sent.error().message);
}

void PairNode::tell_holdings() {
  if (Status sent = link_->send(engine::frames_of(holdings())); !sent) return hang_up(sent.error().message);
  holdings_told_ = true;
}

Status PairNode::holdings_told(const wire::Frame& frame) {
  if (!peer_holds_) return fail(Errc::protocol, "what a node holds is told once a connection");
  return peer_holds_->take(frame).map([this] {
    if (peer_holds_->told()) machine_.holdings_told();
  });
}

void PairNode::record_told(const wire::Record& on_wire) {
  const auto record = record_of(on_wire);
  if (!record || record->term == 0) return;
  if (parts_.arbiter == nullptr) local_.merge(*record);
  machine_.told(parts_.arbiter == nullptr ? local_.record() : *record, parts_.clock.now());
  // An epoch of that term may stand right behind it, before this node has a turn to decide anything.
  const std::optional<ArbiterRecord>& newest = machine_.record();
  const std::string& me = parts_.roles.node;
  if (newest && !machine_.leads() && machine_.holds_whole_copy() && newest->active != me &&
      newest->in_sync.contains(me))
    receiver_.set_term(newest->term);
}

void PairNode::read_on_as_leader() {
  const std::vector<std::byte> begun = receiver_.take_unread();
  inbox_filled_ = 0;
  if (begun.size() > inbox_.size()) return hang_up("the peer sends what is not for a leader");
  std::ranges::copy(begun, inbox_.begin());
  inbox_filled_ = begun.size();
}

void PairNode::read_on_as_follower() {
  Status read;
  for (std::size_t at = 0; read && link_ != nullptr && at < inbox_filled_;) {
    const auto space = receiver_.space();
    const std::size_t n = std::min(space.size(), inbox_filled_ - at);
    std::copy_n(inbox_.begin() + static_cast<std::ptrdiff_t>(at), n, space.begin());
    at += n;
    read = n > 0 ? follower_received(n)
                 : Status(fail(Errc::protocol, "the peer sends more than there is room for"));
  }
  inbox_filled_ = 0;
  if (!read) hang_up(read.error().message);
}

// Tried for half a second: a worker that holds a packet lets it go when the transmit ring does.
bool PairNode::stop_forwarding() {
  for (unsigned attempt = 0; attempt < 50 && !parts_.forwarding.quiesced(); ++attempt)
    if (Status quiesced = parts_.forwarding.barrier().quiesce(engine_.policy().quiesce_timeout); !quiesced)
      say(PairEvents::Severity::warning, quiesced.error().message);
  if (!parts_.forwarding.quiesced()) {
    fail_node("cannot stop forwarding");
    return false;
  }
  parts_.forwarding.set_discard(true);
  return true;
}

void PairNode::forward() {
  parts_.forwarding.set_discard(false);
  if (parts_.forwarding.quiesced()) parts_.forwarding.barrier().resume();
}

Instant PairNode::wake_at() {
  const Instant now = parts_.clock.now();
  // What the machine waits for beside time (an answer, a connection) wakes the host by itself: it must not be
  // asked again and again for that, at a priority above whoever answers.
  Instant at = std::clamp(machine_.decide_again_at(), now + kLeastPause, now + 20ms);
  if (brings_waiting() || config_.has_to_send()) at = std::min(at, now + kLeastPause);
  if (machine_.leads() && replicating_ && engine_.has_standby()) at = std::min(at, engine_.ask_again_at(now));
  return at;
}

void PairNode::say_goodbye() {
  if (link_ == nullptr) return;
  const wire::Bye bye{machine_.term(), committed()};
  [[maybe_unused]] const Status sent = link_->send(wire::make_frame(wire::Type::bye, bye));
  hang_up("this node stops");
}

}  // namespace stillwater::standby
