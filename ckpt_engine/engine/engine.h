// The checkpoint engine of the active: the seven steps from the decision to the release (mission Q1-Q5).
//
// Invariants: a dirty mark is dropped only after the commit that carried it; one epoch is uncommitted at a
// time; an epoch whose commit record was sent is neither merged back nor is its number used again.
#pragma once

#include <functional>
#include <vector>

#include "base/barrier.h"
#include "base/clock.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/engine/policy.h"
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

  // Fills the peer's empty region while forwarding runs, then takes the checkpoint that makes it whole; the
  // acknowledgement makes it the standby. On an error the peer holds nothing of use (M3, M7). `progress` is
  // called with bytes sent.
  [[nodiscard]] Status first_sync(wire::Transport& peer, const std::function<void(std::uint64_t)>& progress);

  // 1. Decide: is a checkpoint required? Also says when to ask again.
  [[nodiscard]] Trigger due(Instant now, bool requested) const;
  [[nodiscard]] Instant ask_again_at(Instant now) const;

  // 2-7. Brownout, quiesce, blackout, resume, ship, commit record. Timed out or staging full: forwarding goes
  // on, nothing lost, tried again at the next decision. Other errors: the standby is lost.
  [[nodiscard]] Status checkpoint(wire::Transport& standby);
  // The standby's answer; completes step 7: output that waited is released.
  [[nodiscard]] Status acknowledged(const wire::Ack& ack);

  // The last checkpoint of a planned stop: soft lines go with it, and the workers stay quiesced. If it fails
  // before its blackout they go on.
  [[nodiscard]] Status final_checkpoint(wire::Transport& standby);

  // Ships soft lines if their interval has passed and the workers' last blackout set them aside. Where no
  // blackout is due the workers are stopped for the marks alone.
  [[nodiscard]] Status ship_soft_if_due(wire::Transport& standby, Instant now);

  // No standby any more: marks are merged back, nobody is waited for.
  void standby_lost();

  [[nodiscard]] bool awaiting_ack() const { return awaiting_ack_; }
  [[nodiscard]] Instant last_taken() const { return last_taken_; }
  [[nodiscard]] bool has_standby() const { return joined_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }
  // What the checkpoint cost that was acknowledged last.
  [[nodiscard]] const Sample& last_sample() const { return sample_; }
  [[nodiscard]] Policy policy() const { return policy_; }
  void set_policy(const Policy& policy) { policy_ = policy; }

  // This node begins to lead, from epoch `committed` on. Workers stand still.
  void lead_from(std::uint64_t committed);

 private:
  [[nodiscard]] Status brownout(wire::Transport& standby);
  [[nodiscard]] Status brownout_round(wire::Transport& standby);
  enum class Afterwards { resume, stay_quiesced };
  [[nodiscard]] Status blackout(Afterwards afterwards);
  [[nodiscard]] Status ship(wire::Transport& standby);
  [[nodiscard]] Status send_commit_record(wire::Transport& standby);
  [[nodiscard]] Status copy_everything(wire::Transport& peer,
                                       const std::function<void(std::uint64_t)>& progress);
  [[nodiscard]] bool due_soon() const;
  [[nodiscard]] Status send_soft(wire::Transport& standby, std::uint64_t budget_bytes);
  void forget_shipment();

  region::Region& region_;
  trackers::DirtyTracker& tracker_;
  Barrier& barrier_;
  CommittedEpoch& epochs_;
  const Clock& clock_;
  Staging staging_;
  Policy policy_;
  Statistics statistics_;

  std::uint64_t committed_ = 0;  // by the standby, or by this node alone
  bool joined_ = false;          // a standby's acknowledgements count
  bool joining_ = false;         // the next commit completes a first sync
  bool awaiting_ack_ = false;    // the commit record of committed_ + 1 was sent
  std::uint32_t groups_sent_ = 0;
  std::vector<std::uint64_t> group_checks_;
  std::vector<region::Extent> extents_;
  Sample sample_;
  Instant last_taken_{};
  Instant last_soft_{};
  bool soft_set_aside_ = false;  // by the blackout, for the next soft shipment
};

}  // namespace stillwater::engine
