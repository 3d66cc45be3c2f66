// The checkpoint engine of the active: the seven steps from the decision to the release (mission Q1-Q5), and
// the first sync before them (M3-M5).
//
// Invariants: a dirty mark is dropped only after the commit that carried it; one epoch is uncommitted at a
// time; an epoch whose commit record was sent is neither merged back nor is its number used again. Nothing is
// done out of the mirror's order (M1).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/barrier.h"
#include "base/clock.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/engine/digester.h"
#include "ckpt_engine/engine/holdings.h"
#include "ckpt_engine/engine/mirror.h"
#include "ckpt_engine/engine/policy.h"
#include "ckpt_engine/engine/shipment.h"
#include "ckpt_engine/engine/staging.h"
#include "ckpt_engine/engine/statistics.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/trackers/tracker.h"
#include "ckpt_engine/wire/transport.h"

namespace stillwater::engine {

// Everything it refers to outlives it. One control thread.
class Engine {
 public:
  struct Parts {
    region::Region& region;
    trackers::DirtyTracker& tracker;
    Barrier& barrier;
    CommittedEpoch& epochs;
    const Clock& clock;
    Staging staging;
  };
  Engine(Parts parts, const Policy& policy);

  // Called with the bytes of the round that are left; `mirror()` says which round it is.
  using Progress = std::function<void(std::uint64_t left_bytes)>;
  // Fills the peer's region in brownout rounds while forwarding runs, then takes the blackout that makes it
  // whole; the acknowledgement makes it the standby. The first round covers everything, or, where `its`
  // holdings share an epoch with this memory, what either side has changed since. On an error the peer holds
  // nothing of use (M3-M5, M7, D8). Needs `lead_from` before it.
  [[nodiscard]] Status first_sync(wire::Transport& peer, const Progress& progress, const Holdings& its = {});
  // Whether such a peer is sent changes alone.
  [[nodiscard]] bool can_mend(const Holdings& its) const;

  // 1. Decide: is a checkpoint required, by the policy as adapted to what they cost?
  [[nodiscard]] Trigger due(Instant now, bool requested) const;
  // When to ask again; call it before a wait. By then workers wake the waiter if they need a checkpoint, but
  // not while that is soon enough anyway: where they asked lately, or an acknowledgement has to come first
  // (then Instant::max()).
  [[nodiscard]] Instant ask_again_at(Instant now);

  // 2-7. Brownout, quiesce, blackout, resume, ship, commit record. Timed out or staging full: forwarding goes
  // on, nothing lost, tried again at the next decision. Other errors: the standby is lost.
  // `why` is only counted.
  [[nodiscard]] Status checkpoint(wire::Transport& standby, Trigger why = Trigger::request);
  // The standby's answer; completes step 7: output that waited is released.
  [[nodiscard]] Status acknowledged(const wire::Ack& ack);

  // The standby's other answer: its copy is wrong, and void since. Counted; the standby is lost, and to be
  // filled anew. Errors: protocol, where no such epoch waits.
  [[nodiscard]] Status aborted(const wire::Abort& abort);

  // The last checkpoint of a planned stop: soft lines go with it, and the workers stay quiesced. It carries
  // no digests, since there is no time left to act on them. If it fails before its blackout they go on.
  [[nodiscard]] Status final_checkpoint(wire::Transport& standby);

  // Ships soft lines if their interval has passed and the workers' last blackout set them aside. Where no
  // blackout is due the workers are stopped for the marks alone.
  [[nodiscard]] Status ship_soft_if_due(wire::Transport& standby, Instant now);

  // The connection to the standby broke, but its commits are still waited for: what was not committed is
  // shipped again. An epoch whose commit record was sent keeps its fate open until `reconnected` tells it.
  void connection_lost();
  // The standby of before is there again and holds the epochs up to `its_committed`. Errors: protocol, if
  // that is none of the two that it can hold; it is of no use then.
  [[nodiscard]] Status reconnected(std::uint64_t its_committed);

  // No standby any more: marks are merged back, nobody is waited for.
  void standby_lost();
  // The same where this node ceases to lead, and what it holds from now on. Workers stand still.
  [[nodiscard]] Holdings leave();

  [[nodiscard]] bool awaiting_ack() const { return awaiting_ack_; }
  [[nodiscard]] Instant last_taken() const { return last_taken_; }
  [[nodiscard]] bool has_standby() const { return mirror_.is_valid(); }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }
  // What the checkpoint cost that was acknowledged last.
  [[nodiscard]] const Sample& last_sample() const { return sample_; }
  [[nodiscard]] Policy policy() const { return policy_; }
  void set_policy(const Policy& policy) { policy_ = policy; }

  // This node begins to lead, from epoch `committed` on. Workers stand still.
  void lead_from(std::uint64_t committed);
  // The same where the peer holds that very epoch: it is the standby from the start.
  void lead_from_with_standby(std::uint64_t committed);

 private:
  [[nodiscard]] Instant due_by_time(Instant now) const;
  [[nodiscard]] Status begin_epoch(Trigger why);
  [[nodiscard]] Status brownout(wire::Transport& standby);
  [[nodiscard]] Status brownout_round(wire::Transport& standby);
  enum class Afterwards { resume, stay_quiesced };
  [[nodiscard]] Status blackout(Afterwards afterwards);
  [[nodiscard]] bool digests_are_due(Instant now);
  [[nodiscard]] Status collect_and_stage(Instant indicated, bool with_soft);
  [[nodiscard]] Status ship(wire::Transport& standby);
  [[nodiscard]] Status ship_epoch(wire::Transport& standby);
  [[nodiscard]] bool is_awaited(std::uint64_t epoch, std::uint64_t term) const;
  [[nodiscard]] Status send_commit_record(wire::Transport& standby);
  [[nodiscard]] std::uint64_t brownout_threshold_bytes() const;
  [[nodiscard]] Status given_up(Status why);
  void forget_shipment();

  // The first sync (first_sync.cc).
  [[nodiscard]] Status sync_rounds(wire::Transport& peer, const Progress& progress, const Holdings* onto);
  [[nodiscard]] Status collect_for_sync(const Holdings* onto);
  void add_soft_changes(std::vector<region::Extent>& out);
  [[nodiscard]] Status copy_round(wire::Transport& peer, const Progress& progress, bool into_zeroes);
  [[nodiscard]] Status copy_batch(wire::Transport& peer, std::span<const region::Extent> batch);

  // Soft lines (soft.cc).
  [[nodiscard]] bool due_soon() const;
  [[nodiscard]] Status send_soft(wire::Transport& standby, std::uint64_t budget_bytes);
  void commit_is_known();
  void abandon_shipment();

  region::Region& region_;
  trackers::DirtyTracker& tracker_;
  Barrier& barrier_;
  CommittedEpoch& epochs_;
  const Clock& clock_;
  Staging staging_;
  Shipment shipment_;
  Policy policy_;
  Statistics statistics_;
  Digester digester_;

  Mirror mirror_;
  std::uint64_t committed_ = 0;          // by the standby, or by this node alone
  bool awaiting_ack_ = false;            // the commit record of committed_ + 1 was sent
  bool is_last_ = false;                 // that epoch is a planned stop's
  std::uint64_t record_term_ = 0;        // of that record
  std::uint64_t standby_committed_ = 0;  // the last that it acknowledged
  std::optional<CommonEpochs> common_;   // all that changed here since is marked
  std::uint32_t groups_sent_ = 0;
  std::vector<std::uint64_t> group_checks_;
  std::vector<region::Extent> extents_;
  Sample sample_;
  Cost cost_;
  Instant resuming_{};  // when the last blackout had nothing left to do but resume
  Instant last_taken_{};
  Instant last_asked_{Instant::min()};  // that a checkpoint was taken because output waited
  Instant last_soft_{};
  Instant last_digests_{};
  bool soft_set_aside_ = false;            // by the blackout, for the next soft shipment
  std::vector<region::Extent> soft_sent_;  // since the last acknowledgement
  std::vector<region::Extent> soft_lost_;  // sent on a connection that broke: to be sent again
};

}  // namespace stillwater::engine
