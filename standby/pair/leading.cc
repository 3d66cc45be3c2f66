// What a node does while it leads.
#include <cstdio>
#include <cstring>
#include <utility>

#include "standby/pair/pair_node.h"

namespace stillwater::standby {

using Severity = PairEvents::Severity;

// Nobody holds state: a new history begins.
void PairNode::begin_empty(const ArbiterRecord& record) {
  left_behind_.reset();
  read_on_as_leader();
  parts_.region.clear();
  parts_.region.set_identity(record.region_id, record.term);
  parts_.forwarding.continue_region_time(parts_.region.region_now());
  engine_.lead_from(parts_.region.header().epoch);
  forward();
  parts_.forwarding.announce();
}

// What the standby told at the begin of its connection is outdated: it is to say anew what it holds.
void PairNode::stand_alone() {
  hang_up("the standby was removed from the in-sync set");
  ++standbys_lost_;
  parts_.region.set_identity(parts_.region.header().region_id, machine_.term());
  engine_.standby_lost();
  replicating_ = last_epoch_shipped_ = false;
  forward();
}

// Forwarding goes on meanwhile; the peer becomes the standby with its first acknowledgement.
void PairNode::fill_peer() {
  if (link_ == nullptr) return machine_.filling_failed();
  const engine::Holdings its = peer_holds_ ? peer_holds_->holdings() : engine::Holdings{};
  peer_holds_.reset();
  if (engine_.can_mend(its))
    say(Severity::info, "the standby holds epoch " + std::to_string(its.epochs.acknowledged) +
                            ": what changed since then is sent");
  const Status sent = engine_.first_sync(
      *link_, [this](std::uint64_t left_bytes) { parts_.events.sync_progress(left_bytes); }, its);
  if (sent) {
    replicating_ = true;
    return;
  }
  machine_.filling_failed();
  engine_.standby_lost();
  hang_up("first sync failed: " + sent.error().message);
}

// The record has another leader: what was held is freed, never released, and the ports fall silent.
void PairNode::fence_leader() {
  if (!stop_forwarding()) return;
  parts_.forwarding.drop_held();
  if (!receiver_.in_sync()) left_behind_ = engine_.leave();  // it led
  replicating_ = last_epoch_shipped_ = false;
  roll_back_partial_epoch();
  hang_up("this node is fenced: " + machine_.why());
}

// The peer leads on from the last epoch, which this node holds as well, and is brought what waits at the
// ports.
void PairNode::hand_down() {
  parts_.forwarding.keep_waiting(true);
  bring_until_ = parts_.clock.now() + kBringWithin;
  if (!stop_forwarding()) return;
  parts_.forwarding.drop_held();
  const std::uint64_t committed = engine_.committed();
  engine_.standby_lost();
  replicating_ = last_epoch_shipped_ = false;
  parts_.region.set_identity(parts_.region.header().region_id, machine_.term());
  receiver_.adopt(committed);
  read_on_as_follower();
}

void PairNode::lead_turn(Instant now) {
  if (link_ == nullptr || !replicating_) return;
  if (engine_.awaiting_ack() && now - engine_.last_taken() > kAckPatience) {
    machine_.peer_is_stuck();
    return hang_up("the standby does not acknowledge");
  }
  if (machine_.phase() == Phase::handing) return hand_over_turn();
  if (!paused_) checkpoint_if_due(now);
}

void PairNode::checkpoint_if_due(Instant now) {
  Status done;
  if (const engine::Trigger why = engine_.due(now, checkpoint_wanted_); why != engine::Trigger::none) {
    done = engine_.checkpoint(*link_, why);
    if (done) requested_under_way_ = std::exchange(checkpoint_wanted_, false) || requested_under_way_;
  } else if (!engine_.awaiting_ack()) {
    done = engine_.ship_soft_if_due(*link_, now);
  }
  if (done) return;
  if (done.error().code == Errc::unavailable) return hang_up(done.error().message);
  say(Severity::warning, "checkpoint given up: " + done.error().message);
  if (std::exchange(checkpoint_wanted_, false)) checkpoint_answer_ = tl::unexpected(done.error());
}

// Asked for again, it goes on: a last epoch that was committed is not shipped twice.
Status PairNode::hand_over() {
  if (machine_.phase() != Phase::handing) last_epoch_shipped_ = false;
  return machine_.hand_over();
}

// The last epoch carries everything and leaves the workers quiesced; its acknowledgement lets the machine
// ask.
void PairNode::hand_over_turn() {
  if (engine_.awaiting_ack()) return;
  if (last_epoch_shipped_) {
    if (machine_.silent()) return;
    if (Status released = parts_.forwarding.release_held(kReleaseWithin); !released)
      say(Severity::warning, released.error().message);
    return machine_.last_epoch_committed();
  }
  // A last epoch that is to be shipped again has left the workers quiesced.
  if (parts_.forwarding.quiesced()) parts_.forwarding.barrier().resume();
  Status last = engine_.final_checkpoint(*link_);
  if (last) {
    last_epoch_shipped_ = true;
    return;
  }
  say(Severity::warning, "no hand-over: " + last.error().message);
  if (last.error().code == Errc::unavailable) return hang_up(last.error().message);
  call_off_hand_over();
}

bool PairNode::call_off_hand_over() {
  if (!machine_.call_off_hand_over(parts_.clock.now())) return false;
  forward();
  return true;
}

Status PairNode::leader_received(std::size_t n) {
  inbox_filled_ += n;
  std::size_t used = 0;
  // What a successor sends after its record is for a follower, as which this node reads on.
  while (machine_.leads() && !machine_.succeeded()) {
    const auto frame = wire::parse(std::span(inbox_).subspan(used, inbox_filled_ - used));
    if (!frame) return tl::unexpected(frame.error());
    if (!frame->has_value()) break;
    if (Status done = on_follower_message(**frame); !done) return done;
    used += sizeof(wire::FrameHeader) + (*frame)->payload.size();
  }
  std::memmove(inbox_.data(), inbox_.data() + used, inbox_filled_ - used);
  inbox_filled_ -= used;
  if (inbox_filled_ == inbox_.size()) return fail(Errc::protocol, "a message that is too long for a leader");
  return {};
}

Status PairNode::on_follower_message(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::Type::ack:
      return wire::body_of<wire::Ack>(frame).and_then([&](const wire::Ack& ack) { return on_ack(ack); });
    case wire::Type::abort:
      return wire::body_of<wire::Abort>(frame).and_then([&](const wire::Abort& it) { return on_abort(it); });
    case wire::Type::holdings:
      return holdings_told(frame);
    case wire::Type::waiting:
      return waiting_brought(frame);
    case wire::Type::config_built:
      return config_.built_told(frame);
    case wire::Type::record:
      return wire::body_of<wire::Record>(frame).map([&](const wire::Record& record) { record_told(record); });
    case wire::Type::bye:
      machine_.peer_left();
      return fail(Errc::unavailable, "the standby left");
    case wire::Type::refuse:
      return fail(Errc::refused, "the standby refused: " + wire::text_of(frame));
    default:
      return fail(Errc::protocol, "a message of type " + std::to_string(static_cast<int>(frame.type)) +
                                      " is not for a leader");
  }
}

Status PairNode::waiting_brought(const wire::Frame& frame) {
  wire::WaitingHeader header;
  if (frame.payload.size() < sizeof(header)) return fail(Errc::protocol, "a waiting frame without its port");
  std::memcpy(&header, frame.payload.data(), sizeof(header));
  parts_.forwarding.bring_waiting({header.port, frame.payload.subspan(sizeof(header))});
  return {};
}

Status PairNode::on_ack(const wire::Ack& ack) {
  if (!replicating_) return fail(Errc::protocol, "an acknowledgement of nothing that was sent");
  if (Status done = engine_.acknowledged(ack); !done) return done;
  if (std::exchange(requested_under_way_, false)) checkpoint_answer_ = engine_.committed();
  parts_.lease.granted({Instant(ack.grant_stamp_ns), ack.grant_term}, parts_.clock.now());
  if (machine_.phase() == Phase::standalone) machine_.peer_filled(parts_.clock.now());
  return {};
}

// Output goes on waiting: the standby is a member of the in-sync set until the record says otherwise.
Status PairNode::on_abort(const wire::Abort& abort) {
  if (Status done = engine_.aborted(abort); !done) return done;
  char where[64];
  std::snprintf(where, sizeof(where), "%#llx (%llu bytes)", static_cast<unsigned long long>(abort.offset),
                static_cast<unsigned long long>(abort.bytes));
  say(Severity::error,
      "ALARM: the standby's copy was wrong at " + std::string(where) + " in epoch " +
          std::to_string(abort.epoch) +
          ": a write that no checkpoint carried, or broken memory on either node; the copy is void, "
          "and is filled anew");
  replicating_ = last_epoch_shipped_ = false;
  peer_holds_.reset();
  if (std::exchange(requested_under_way_, false))
    checkpoint_answer_ = fail(Errc::corrupt, "the standby's copy was wrong; it is filled anew");
  if (machine_.phase() == Phase::standalone) {
    engine_.standby_lost();
    machine_.filling_failed();
  } else {
    machine_.peer_is_stuck();
  }
  return {};
}

}  // namespace stillwater::standby
