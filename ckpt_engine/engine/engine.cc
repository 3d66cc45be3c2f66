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
      policy_(policy) {}

void Engine::lead_from(std::uint64_t committed) {
  epochs_.set_current(committed + 1);
  standby_lost();
}

// 1. Decide. What a brownout shipped of an epoch that could not be finished is still to be committed.
Trigger Engine::due(Instant now, bool requested) const {
  if (!joined_ || awaiting_ack_) return Trigger::none;
  return decide(policy_, {.dirty_bytes = tracker_.dirty_bytes_hint() + groups_sent_ * region::kLineBytes,
                          .output_waits = epochs_.checkpoint_wanted(),
                          .requested = requested,
                          .since_last = now - last_taken_});
}

Instant Engine::ask_again_at(Instant now) const {
  const Nanos since = now - last_taken_;
  if (since < policy_.min_interval) return last_taken_ + policy_.min_interval;
  if (since < policy_.interval) return last_taken_ + policy_.interval;
  return now + policy_.interval;
}

Status Engine::checkpoint(wire::Transport& standby) {
  if (awaiting_ack_) return fail(Errc::failed_precondition, "the epoch before is not committed yet");
  const Instant request = clock_.now();
  sample_ = {.at = request, .interval = request - last_taken_};
  last_taken_ = request;
  Status done = brownout(standby)
                    .and_then([&] { return blackout(Afterwards::resume); })
                    .and_then([&] { return ship(standby); })
                    .and_then([&] { return send_commit_record(standby); });
  if (!done) statistics_.add_failure(done.error().message);
  return done;
}

Status Engine::final_checkpoint(wire::Transport& standby) {
  if (awaiting_ack_) return fail(Errc::failed_precondition, "the epoch before is not committed yet");
  sample_ = {.at = clock_.now()};
  return brownout(standby)
      .and_then([&] { return blackout(Afterwards::stay_quiesced); })
      .and_then([&] { return ship(standby); })
      .and_then([&] { return send_soft(standby, region_.size()); })
      .and_then([&] { return send_commit_record(standby); });
}

// 2. Brownout: a large dirty set is copied and shipped while forwarding runs; what is written meanwhile
// shows up in the next round. What is more than staging can hold at once has to go this way.
Status Engine::brownout(wire::Transport& standby) {
  const std::uint64_t threshold = std::min(policy_.brownout_bytes, staging_.lines_max() * region::kLineBytes);
  for (unsigned round = 0; round < policy_.brownout_rounds_max; ++round) {
    if (tracker_.dirty_bytes_hint() <= threshold) return {};
    if (Status shipped = brownout_round(standby); !shipped) return shipped;
  }
  return {};
}

// The barrier lets every worker hand over its marks before copying starts.
Status Engine::brownout_round(wire::Transport& standby) {
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return quiesced;
  extents_.clear();
  tracker_.collect(extents_);
  barrier_.resume();
  for (const auto& portion : portions_of(extents_, staging_.lines_max())) {
    if (!staging_.gather(region_, portion, committed_ + 1, groups_sent_)) {
      tracker_.merge_back();
      return fail(Errc::resource_exhausted, "staging is too small to copy from");
    }
    sample_.lines += staging_.lines();
    if (Status shipped = ship(standby); !shipped) return shipped;
  }
  return {};
}

// 3. Quiesce  4. Blackout: hand over the marks, copy the lines  5. Resume
Status Engine::blackout(Afterwards afterwards) {
  const Instant request = clock_.now();
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return quiesced;
  const Instant indicated = clock_.now();
  extents_.clear();
  tracker_.collect(extents_);
  const bool staged = staging_.gather(region_, extents_, committed_ + 1, groups_sent_);
  if (staged) {
    if (joining_) epochs_.set_committed(committed_);  // from here on this standby's commits are waited for
    epochs_.set_current(committed_ + 2);
    const bool soft_is_due = !soft_set_aside_ && request - last_soft_ >= policy_.soft_interval;
    if (soft_is_due || afterwards == Afterwards::stay_quiesced) {
      tracker_.collect_soft();
      soft_set_aside_ = true;
    }
  }
  const Instant copied = clock_.now();
  if (afterwards == Afterwards::resume || !staged) barrier_.resume();
  sample_.at = request;
  sample_.quiesce = indicated - request;
  sample_.copy = copied - indicated;
  sample_.lines += staging_.lines();
  if (staged) return {};
  tracker_.merge_back();
  return fail(Errc::resource_exhausted, "more memory changed than staging can hold");
}

// 6. Ship
Status Engine::ship(wire::Transport& standby) {
  for (const std::span<std::byte> frame : staging_.seal(wire::Type::group)) {
    if (Status sent = standby.send(frame); !sent) return sent;
    wire::FrameHeader header;
    std::memcpy(&header, frame.data(), sizeof(header));
    group_checks_.push_back(header.check);
    ++groups_sent_;
  }
  return {};
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
  return standby.send(wire::make_frame(wire::Type::commit, record));
}

// 7. Acknowledged: marks are dropped, output that waited for this epoch may leave.
Status Engine::acknowledged(const wire::Ack& ack) {
  if (!awaiting_ack_ || ack.epoch != committed_ + 1 || ack.term != region_.header().term)
    return fail(Errc::protocol,
                "an acknowledgement of epoch " + std::to_string(ack.epoch) + " that was not asked for");
  tracker_.committed();
  forget_shipment();
  committed_ = ack.epoch;
  joined_ = true;
  joining_ = false;
  epochs_.set_committed(committed_);
  region_.set_epoch(committed_);
  sample_.blackout = barrier_.last_resumed() - sample_.at;
  sample_.commit = clock_.now() - sample_.at;
  if (sample_.lines > 0) statistics_.add(sample_);
  return {};
}

void Engine::forget_shipment() {
  awaiting_ack_ = false;
  groups_sent_ = 0;
  group_checks_.clear();
}

// An epoch that was shipped may live on at the standby: its number is not used again. The next one is the
// epoch that the workers are in.
void Engine::standby_lost() {
  tracker_.merge_back();
  committed_ = epochs_.current() - 1;
  forget_shipment();
  joined_ = joining_ = false;
  epochs_.set_committed(CommittedEpoch::kNobodyToWaitFor);
}

Status Engine::first_sync(wire::Transport& peer, const std::function<void(std::uint64_t)>& progress) {
  standby_lost();
  if (Status quiesced = barrier_.quiesce(policy_.quiesce_timeout); !quiesced) return quiesced;
  extents_.clear();
  tracker_.collect(extents_);  // the first round covers everything: older marks say nothing new
  tracker_.collect_soft();
  barrier_.resume();
  tracker_.committed();
  extents_.clear();
  tracker_.take_soft(extents_, region_.size());
  soft_set_aside_ = false;

  const wire::SyncBegin begin{region_.header().region_id, region_.header().term, committed_, region_.size()};
  joining_ = true;
  return peer.send(wire::make_frame(wire::Type::sync_begin, begin))
      .and_then([&] { return copy_everything(peer, progress); })
      .and_then([&] { return checkpoint(peer); });
}

// Lines of zeroes are left out: the peer's region is zeroed when a sync begins.
Status Engine::copy_everything(wire::Transport& peer, const std::function<void(std::uint64_t)>& progress) {
  static constexpr std::byte kZeroPage[region::kPageBytes] = {};
  const std::uint64_t batch_bytes_max =
      std::min<std::uint64_t>(256u << 10, staging_.lines_max() * region::kLineBytes - region::kPageBytes);
  std::vector<region::Extent> batch;
  std::uint64_t batch_bytes = 0;
  for (std::uint64_t offset = region::kDataOffset; offset < region_.size(); offset += region::kPageBytes) {
    if (std::memcmp(region_.base() + offset, kZeroPage, region::kPageBytes) != 0) {
      batch.push_back({offset, region::kPageBytes});
      batch_bytes += region::kPageBytes;
    }
    const bool last = offset + region::kPageBytes == region_.size();
    if (batch.empty() || (batch_bytes < batch_bytes_max && !last)) continue;
    if (!staging_.gather(region_, batch, 0, 0))
      return fail(Errc::resource_exhausted, "staging is too small to sync");
    for (const std::span<std::byte> frame : staging_.seal(wire::Type::sync_lines))
      if (Status sent = peer.send(frame); !sent) return sent;
    batch.clear();
    batch_bytes = 0;
    progress(offset + region::kPageBytes);
  }
  return {};
}

// The blackout that is due anyway sets the marks aside. A quiesce that fails is tried again an interval
// later: soft lines are not worth stopping the workers over and over.
Status Engine::ship_soft_if_due(wire::Transport& standby, Instant now) {
  if (!joined_ || now - last_soft_ < policy_.soft_interval) return {};
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

bool Engine::due_soon() const { return epochs_.checkpoint_wanted() || tracker_.dirty_bytes_hint() > 0; }

// Copied while forwarding runs: torn copies are allowed, soft state says what they cost.
Status Engine::send_soft(wire::Transport& standby, std::uint64_t budget_bytes) {
  last_soft_ = clock_.now();
  soft_set_aside_ = false;
  extents_.clear();
  tracker_.take_soft(extents_, budget_bytes);
  for (const auto& portion : portions_of(extents_, staging_.lines_max())) {
    if (!staging_.gather(region_, portion, 0, 0))
      return fail(Errc::resource_exhausted, "staging is too small to copy from");
    for (const std::span<std::byte> frame : staging_.seal(wire::Type::soft))
      if (Status sent = standby.send(frame); !sent) return sent;
  }
  return {};
}

}  // namespace stillwater::engine
