#include "ckpt_engine/engine/engine.h"

#include <algorithm>
#include <utility>

#include <xxhash.h>

namespace stillwater::engine {

Engine::Engine(Parts parts, const Policy& policy)
    : region_(parts.region),
      tracker_(parts.tracker),
      barrier_(parts.barrier),
      epochs_(parts.epochs),
      clock_(parts.clock),
      staging_(std::move(parts.staging)),
      shipment_(staging_.shipment_memory()),
      policy_(policy),
      digester_(parts.region) {}

// Somebody else wrote the region: whoever follows is sent all of it.
void Engine::lead_from(std::uint64_t committed) {
  tracker_.begin_anew();
  epochs_.set_current(committed + 1);
  standby_lost();
  cost_ = {};
  soft_lost_.clear();
  common_ = CommonEpochs{committed};
  mirror_ = Mirror{};
  [[maybe_unused]] const Status in_order = mirror_.load().and_then([this] { return mirror_.track(); });
}

// 1. Decide. What a brownout shipped of an epoch that could not be finished is still to be committed.
Trigger Engine::due(Instant now, bool requested) const {
  if (!mirror_.is_valid() || awaiting_ack_) return Trigger::none;
  const CommittedEpoch::Deferred deferred = epochs_.deferred();
  return decide(adapted(policy_, cost_),
                {.dirty_bytes = tracker_.dirty_bytes_hint() + groups_sent_ * region::kLineBytes,
                 .output_waits = epochs_.checkpoint_wanted(),
                 .deferred_packets = deferred.packets,
                 .deferred_for = deferred.packets > 0 ? now - deferred.since : Nanos(0),
                 .requested = requested,
                 .since_last = now - last_taken_});
}

Instant Engine::ask_again_at(Instant now) {
  if (awaiting_ack_ || now - policy_.asked_lately < last_asked_) {
    epochs_.look_by_itself();
    return awaiting_ack_ ? Instant::max() : std::min(due_by_time(now), now + policy_.look_interval);
  }
  epochs_.sleep_until_woken();
  return due_by_time(now);
}

// When a trigger could pull without another request. One that pulls already is looked at again soon.
Instant Engine::due_by_time(Instant now) const {
  const Policy policy = adapted(policy_, cost_);
  const Nanos since = now - last_taken_;
  const bool digests = policy.digest_budget > Nanos(0);
  const Nanos pace = digests ? std::min(policy.interval, policy.digest_interval) : policy.interval;
  if (since < policy.min_interval) return last_taken_ + policy.min_interval;
  if (epochs_.checkpoint_wanted()) return now + policy.look_interval;
  const Instant at = since < pace ? last_taken_ + pace : now + pace;
  const CommittedEpoch::Deferred deferred = epochs_.deferred();
  return deferred.packets > 0 ? std::clamp(deferred.since + policy.defer, now, at) : at;
}

Status Engine::begin_epoch(Trigger why) {
  if (awaiting_ack_) return fail(Errc::failed_precondition, "the epoch before is not committed yet");
  if (!mirror_.is_valid()) return fail(Errc::failed_precondition, "no standby was filled yet");
  const Instant request = clock_.now();
  if (why == Trigger::held_output || why == Trigger::deferred_output) last_asked_ = request;
  sample_ = {.at = request, .trigger = why, .interval = request - last_taken_};
  return {};
}

Status Engine::checkpoint(wire::Transport& standby, Trigger why) {
  if (Status ready = begin_epoch(why); !ready) return ready;
  last_taken_ = sample_.at;
  Status done = brownout(standby)
                    .and_then([&] { return blackout(Afterwards::resume); })
                    .and_then([&] { return ship_epoch(standby); })
                    .and_then([&] { return send_commit_record(standby); });
  if (!done) statistics_.add_failure(done.error().message);
  return done;
}

Status Engine::final_checkpoint(wire::Transport& standby) {
  if (Status ready = begin_epoch(Trigger::hand_over); !ready) return ready;
  is_last_ = true;
  Status done = brownout(standby)
                    .and_then([&] { return blackout(Afterwards::stay_quiesced); })
                    .and_then([&] { return ship(standby); })
                    .and_then([&] { return send_soft(standby, region_.size()); })
                    .and_then([&] { return send_commit_record(standby); });
  is_last_ = done.has_value();
  return done;
}

std::uint64_t Engine::brownout_threshold_bytes() const {
  return std::min(policy_.brownout_bytes, staging_.lines_max() * region::kLineBytes);
}

// 2. Brownout: a large dirty set is copied and shipped while forwarding runs; what is written meanwhile
// shows up in the next round. What is more than staging can hold at once has to go this way.
Status Engine::brownout(wire::Transport& standby) {
  for (unsigned round = 0; round < policy_.brownout_rounds_max; ++round) {
    if (tracker_.dirty_bytes_hint() <= brownout_threshold_bytes()) return {};
    if (Status shipped = brownout_round(standby); !shipped) return shipped;
  }
  return {};
}

// The barrier lets every worker hand over its marks before copying starts.
Status Engine::brownout_round(wire::Transport& standby) {
  if (Status begun = mirror_.begin_round(policy_.brownout_rounds_max); !begun) return given_up(begun);
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return given_up(quiesced);
  extents_.clear();
  const Status collected = tracker_.collect(extents_);
  barrier_.resume();
  if (!collected) return given_up(collected);
  for (const auto& portion : portions_of(extents_, staging_.lines_max())) {
    if (!staging_.gather_live(region_, portion, committed_ + 1, groups_sent_)) {
      tracker_.merge_back();
      return given_up(fail(Errc::resource_exhausted, "staging is too small to copy from"));
    }
    sample_.lines += staging_.lines();
    if (Status shipped = ship(standby); !shipped) return shipped;
  }
  return shipment_.send(standby);
}

// 3. Quiesce  4. Blackout: hand over the marks, copy the lines, digest some chunks  5. Resume
Status Engine::blackout(Afterwards afterwards) {
  if (Status stopping = mirror_.stop(); !stopping) return given_up(stopping);
  const Instant request = clock_.now();
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return given_up(quiesced);
  const Instant indicated = clock_.now();
  const bool soft_is_due = !soft_set_aside_ && request - last_soft_ >= policy_.soft_interval;
  Status staged = collect_and_stage(indicated, soft_is_due || afterwards == Afterwards::stay_quiesced);
  if (staged) {
    if (!mirror_.is_valid())
      epochs_.set_committed(committed_);  // a joining standby's commits count from here
    epochs_.set_current(committed_ + 2);
  }
  digester_.forget();
  if (staged && afterwards == Afterwards::resume && digests_are_due(request))
    digester_.digest(policy_.digest_budget, clock_);
  resuming_ = clock_.now();
  if (afterwards == Afterwards::resume || !staged) barrier_.resume();
  const Instant told = std::clamp(barrier_.last_told(), request, indicated);
  sample_.at = request;
  sample_.pause.request = told - request;
  sample_.pause.drain = indicated - told;
  sample_.pause.digest = resuming_ - indicated - sample_.pause.collect - sample_.pause.stage;
  if (!staged) return given_up(staged);
  sample_.lines += staging_.lines();
  return mirror_.commit();
}

// Blackouts follow each other closely where output waits: digests need not, and both sides would pay for them
// before that output leaves.
bool Engine::digests_are_due(Instant now) {
  if (now - last_digests_ < policy_.digest_min_interval) return false;
  last_digests_ = now;
  return true;
}

// Workers stand still.
Status Engine::collect_and_stage(Instant indicated, bool with_soft) {
  extents_.clear();
  const Status collected = tracker_.collect(extents_);
  if (collected && with_soft) {
    tracker_.collect_soft();
    soft_set_aside_ = true;
  }
  const Instant handed_over = clock_.now();
  const bool staged = collected && staging_.gather(region_, extents_, committed_ + 1, groups_sent_);
  sample_.pause.collect = handed_over - indicated;
  sample_.pause.stage = clock_.now() - handed_over;
  if (staged) return {};
  tracker_.merge_back();
  if (!collected) return collected;
  return fail(Errc::resource_exhausted, "more memory changed than staging can hold");
}

Status Engine::given_up(Status why) {
  mirror_.give_up();
  return why;
}

// 6. Ship: a group is packed only now, while forwarding runs, and leaves with others, or with the commit
// record.
Status Engine::ship(wire::Transport& standby) {
  for (const std::span<std::byte> staged : staging_.frames()) {
    const auto check = shipment_.add_group(standby, staged);
    if (!check) return tl::unexpected(check.error());
    group_checks_.push_back(*check);
    ++groups_sent_;
  }
  return {};
}

// The digests are of the region as this epoch leaves it, so they go behind its groups.
Status Engine::ship_epoch(wire::Transport& standby) {
  if (Status shipped = ship(standby); !shipped || digester_.is_empty()) return shipped;
  return shipment_.add(standby, digester_.take_frame(committed_ + 1));
}

// 7. Commit: the record comes last (P6). Once it may have left, this epoch's number is spent.
Status Engine::send_commit_record(wire::Transport& standby) {
  const region::RegionHeader& header = region_.header();
  const wire::Commit record{
      .epoch = committed_ + 1,
      .term = header.term,
      .region_id = header.region_id,
      .config_generation = header.config_generation,
      .region_now_ns = region_.region_now().count(),
      .checksum = XXH3_64bits(group_checks_.data(), group_checks_.size() * sizeof(group_checks_[0])),
      .group_count = groups_sent_,
      .reserved = 0};
  awaiting_ack_ = true;
  record_term_ = record.term;
  if (common_) common_->open = record.epoch;  // of a first sync: nothing is common before it is acknowledged
  return shipment_.add(standby, wire::make_frame(wire::Type::commit, record)).and_then([&] {
    return shipment_.send(standby);
  });
}

bool Engine::is_awaited(std::uint64_t epoch, std::uint64_t term) const {
  return awaiting_ack_ && epoch == committed_ + 1 && term == record_term_;
}

// 7. Acknowledged: marks are dropped, output that waited for this epoch may leave.
Status Engine::acknowledged(const wire::Ack& ack) {
  if (!is_awaited(ack.epoch, ack.term))
    return fail(Errc::protocol,
                "an acknowledgement of epoch " + std::to_string(ack.epoch) + " that was not asked for");
  if (Status mirrored = mirror_.acknowledge(); !mirrored) return mirrored;
  commit_is_known();
  const Instant resumed = std::max(barrier_.last_resumed(), resuming_);
  sample_.blackout = resumed - sample_.at;
  sample_.pause.resume = resumed - resuming_;
  sample_.commit = clock_.now() - sample_.at;
  statistics_.set_digest_rounds(digester_.rounds());
  statistics_.count(sample_.trigger);
  if (sample_.lines > 0) statistics_.add(sample_);
  if (sample_.trigger != Trigger::first_sync) cost_.add(sample_.blackout, sample_.commit);
  if (std::exchange(is_last_, false)) return mirror_.terminate();
  return {};
}

Status Engine::aborted(const wire::Abort& abort) {
  if (!is_awaited(abort.epoch, abort.term) || abort.reason != wire::AbortReason::digest_mismatch)
    return fail(Errc::protocol, "an abort of epoch " + std::to_string(abort.epoch) + " that makes no sense");
  statistics_.add_mismatch(abort.epoch, abort.offset);
  abandon_shipment();
  mirror_.invalidate();
  return {};
}

void Engine::commit_is_known() {
  tracker_.committed();
  forget_shipment();
  soft_sent_.clear();
  standby_committed_ = ++committed_;
  common_ = CommonEpochs{committed_};
  epochs_.set_committed(committed_);
  region_.set_epoch(committed_);
}

void Engine::forget_shipment() {
  awaiting_ack_ = false;
  groups_sent_ = 0;
  group_checks_.clear();
}

void Engine::lead_from_with_standby(std::uint64_t committed) {
  lead_from(committed);
  mirror_.adopt();
  standby_committed_ = committed;
  epochs_.set_committed(committed);
}

void Engine::connection_lost() {
  shipment_.forget();
  if (!awaiting_ack_) abandon_shipment();
}

Status Engine::reconnected(std::uint64_t its_committed) {
  if (awaiting_ack_ && its_committed == committed_ + 1) {
    if (Status mirrored = mirror_.acknowledge(); !mirrored) return mirrored;
    commit_is_known();
  } else if (its_committed != standby_committed_) {
    return fail(Errc::protocol, "the standby holds epoch " + std::to_string(its_committed) +
                                    ", it acknowledged " + std::to_string(standby_committed_));
  }
  if (awaiting_ack_) abandon_shipment();
  if (common_) common_->open = 0;
  return {};
}

// An epoch that was shipped may live on at the standby: its number is not used again. The next one is the
// epoch that the workers are in. Output that waits for the one that was given up asked for that one only.
void Engine::abandon_shipment() {
  shipment_.forget();
  if (epochs_.current() > committed_ + 1) epochs_.ask_for_checkpoint();
  soft_lost_.insert(soft_lost_.end(), soft_sent_.begin(), soft_sent_.end());
  soft_sent_.clear();
  region::merge_overlapping(soft_lost_, 0);
  tracker_.merge_back();
  committed_ = epochs_.current() - 1;
  forget_shipment();
  is_last_ = false;
  mirror_.give_up();
}

void Engine::standby_lost() {
  abandon_shipment();
  mirror_.invalidate();
  epochs_.set_committed(CommittedEpoch::kNobodyToWaitFor);
}

Holdings Engine::leave() {
  standby_lost();
  if (!common_) return {};
  Holdings left{region_.header().region_id, *common_, {}};
  if (!tracker_.collect(left.changed)) return {};
  tracker_.collect_soft();
  add_soft_changes(left.changed);
  region::merge_overlapping(left.changed, 0);
  if (left.changed.size() > kHoldingsExtentsMax) return {};
  return left;
}

}  // namespace stillwater::engine
