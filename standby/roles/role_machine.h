// Which role this node plays, step by step: in-sync set, terms, lease, joining, takeover, switchover.
// Sans-io: facts come in with the time, decisions go out as values.
//
// Invariants:
//   - it leads only in a term that the arbiter gave to it, or, while it is in the in-sync set, passed on to
//   it;
//   - an active whose standby may be lost holds output until the arbiter has removed that standby;
//   - a standby that asked for the lead grants nothing, and leads only after all that it granted has ended;
//   - a request without an answer counts as possible until the record shows what became of it;
//   - a node that starts holds nothing, and begins anew only where nobody in the in-sync set holds anything.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/arbiter.h"
#include "base/clock.h"
#include "base/result.h"
#include "ckpt_engine/wire/format.h"
#include "standby/failure_detector.h"
#include "standby/roles/lease.h"
#include "standby/roles/roles.h"

namespace stillwater::standby {

struct RoleOptions {
  std::string node;
  bool prefers_to_lead = false;  // leads if both nodes start empty
  bool arbitrated = true;        // an arbiter that both nodes share; without, each node is its own
  bool silence_promotes = true;  // false: a takeover needs proof of the active's death
  bool lone = false;             // there is no peer at all
  bool cold_start = false;       // an operator allows to begin anew where this node alone held the state
  Nanos failure_timeout = 50ms;  // silence of the active
  Nanos heartbeat_interval = 2ms;
  std::function<region::RegionId()> new_region_id;
};

enum class Phase : std::uint8_t {
  starting,    // nobody: holds nothing
  syncing,     // is filled, or filled and not in the set yet
  standby,     // in the set
  joining,     // leads alone by the record, and obeys the standby that it wants in the set already
  active,      // leads under its standby's lease; output waits for its commits
  standalone,  // leads alone
  handing,     // its last epoch, then, silent, the hand-over
  fenced,      // holds state that is no longer in the set: silent until it is filled anew
};

// What the driver has to do now, before it asks for the next decision.
struct Decision {
  enum class Kind : std::uint8_t {
    nothing,
    read_record,
    swap_record,  // `expected` for `next`
    begin_empty,  // clear the region, take `next`'s region id, forward
    take_over,    // one whole epoch, personality, clocks, forward; obey the peer's commits if now `active`
    stand_alone,  // output waits for nobody any more
    obey,         // the record has the standby in the set: nothing to do but to tell
    fence,        // stop forwarding, free what was held, roll back a partial epoch
    hand_down,    // the former active, silent already, holds what the peer leads on with
    admitted,     // in the set: a standby
    new_term,     // same role, later term
    forget,       // a partial copy is nothing
    fill_peer,    // first sync
  };
  Kind kind = Kind::nothing;
  ArbiterRecord expected{};
  ArbiterRecord next{};
};

// One control thread.
class RoleMachine {
 public:
  RoleMachine(RoleOptions options, Lease& lease, Instant now);

  // Call until it says `nothing`. Afterwards no later than `decide_again_at`, or after the next fact.
  [[nodiscard]] Decision decide(Instant now);
  [[nodiscard]] Instant decide_again_at() const;

  // Facts. The arbiter's answer; a record that the peer knows; what the peer says.
  void answered(const ArbiterAnswer& answer, Instant now);
  void told(const ArbiterRecord& record, Instant now);
  // A connection to the peer stands, hellos were exchanged.
  void met(const wire::Hello& theirs, Instant now);
  // The connection ended. Where the peer's side ended it, a few missed heartbeats are enough to call it lost.
  enum class EndedBy { peer, this_node };
  void parted(Instant now, EndedBy who = EndedBy::peer);
  // The peer said that it stops, and is silent from now on.
  void peer_left();
  void beat(const wire::Heartbeat& heartbeat, Instant now);
  // A heartbeat that this node sent at `sent` was refused: the peer's kernel has no process with that port.
  // The process whose side ended the connection before that is dead, since a live one has both.
  void beat_refused(Instant sent);
  // As one that is filled: may the peer in `term` begin? Then the copy in memory is forgotten.
  [[nodiscard]] Status filling_begins(std::uint64_t term);
  // As one that is filled: the copy is a whole epoch.
  void filled(Instant now);
  // As one that was filled: the copy turned out to be wrong, and holds nothing any more.
  void copy_is_void();
  // As the one that fills: the peer has acknowledged the epoch that makes its copy whole; or it did not get
  // there.
  void peer_filled(Instant now);
  void filling_failed();
  // The peer has said what it holds, which it does on each connection where it does not lead: it may be
  // filled.
  void holdings_told() { holdings_told_ = true; }
  // Nobody is filled while this is on.
  void pause_filling(bool on) { filling_paused_ = on; }
  // The connection stands, but nothing is acknowledged.
  void peer_is_stuck() { peer_stuck_ = true; }

  // A planned switchover: the last epoch comes first. `last_epoch_committed`: it is, and what was held for it
  // has left; from there on this node is silent, and the record decides. Errors: failed_precondition, with
  // what must hold first.
  [[nodiscard]] Status hand_over();
  void last_epoch_committed();
  // As one that hands over: it transmits no more.
  [[nodiscard]] bool silent() const { return phase_ == Phase::handing && last_committed_; }
  // False once the hand-over was asked for: then this node does not transmit in this term again.
  [[nodiscard]] bool call_off_hand_over(Instant now);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] Role role() const;
  [[nodiscard]] bool leads() const;
  // Said in its hello: it leads if both nodes start empty.
  [[nodiscard]] bool peer_prefers_to_lead() const { return connected_ && peer_prefers_to_lead_; }
  // The newest record that is known has another leader than this node, which may lead until it decides again.
  [[nodiscard]] bool succeeded() const { return record_ && record_->term > 0 && !mine(); }
  [[nodiscard]] std::uint64_t term() const { return term_; }
  [[nodiscard]] const std::optional<ArbiterRecord>& record() const { return record_; }
  [[nodiscard]] bool request_pending() const { return swap_on_its_way() || possible_; }
  // Holds nothing and has no request on its way that could make it a leader.
  [[nodiscard]] bool says_empty() const { return phase_ == Phase::starting && !request_pending(); }
  [[nodiscard]] bool suspects() const { return suspects_; }
  // Of a standby, the last time that it suspected its active: after which silence, and when.
  struct Suspicion {
    Nanos silence{};
    Instant since{};
  };
  [[nodiscard]] const Suspicion& last_suspicion() const { return suspicion_; }
  [[nodiscard]] bool holds_whole_copy() const { return phase_ == Phase::standby || copy_complete_; }
  // One line for people: why this role, what it waits for.
  [[nodiscard]] std::string why() const;
  // Why the loss of a node now would cost more than its packets; empty if it would not.
  [[nodiscard]] std::string cannot_fail_over_because(Instant now) const;

 private:
  enum class Ask : std::uint8_t { none, read, promote, remove, add, hand_over, empty };

  [[nodiscard]] bool swap_on_its_way() const { return ask_ != Ask::none && ask_ != Ask::read; }
  [[nodiscard]] bool in_set() const { return record_->in_sync.contains(options_.node); }
  [[nodiscard]] bool mine() const { return record_->active == options_.node; }
  [[nodiscard]] bool sole() const { return record_->in_sync.size() == 1 && in_set(); }
  [[nodiscard]] bool both() const { return record_->in_sync.size() == 2 && in_set(); }
  [[nodiscard]] bool newer() const { return record_->term > term_; }

  // One rule each, or `nothing`. record_ is known in all but the first.
  [[nodiscard]] Decision read_if_due(Instant now);
  [[nodiscard]] Decision follow_record(Instant now);
  [[nodiscard]] Decision leader_by_record(Instant now);
  [[nodiscard]] Decision standby_by_record(Instant now);
  [[nodiscard]] Decision start(Instant now);
  [[nodiscard]] Decision watch_active(Instant now);
  [[nodiscard]] Decision watch_standby(Instant now);
  [[nodiscard]] Decision ask(Ask what, ArbiterRecord next, Instant now);
  [[nodiscard]] Decision become(Phase phase, Decision::Kind kind);
  [[nodiscard]] bool may_begin_first(Instant now) const;
  [[nodiscard]] bool lost(Instant now, FailureDetector& detector) const;
  void learn(const ArbiterRecord& record, Instant now);

  const RoleOptions options_;
  Lease& lease_;

  Phase phase_ = Phase::starting;
  std::uint64_t term_ = 0;  // in which it plays its role
  std::string because_;     // why it plays this role
  Instant decided_at_{};    // last

  std::optional<ArbiterRecord> record_;  // newest known; none: must be read
  std::uint64_t newest_term_ = 0;        // of a record that was ever known here
  Instant record_since_{};               // this record
  Instant read_at_{};                    // the last time that it was asked for
  bool read_wanted_ = true;
  Ask ask_ = Ask::none;        // on its way
  Ask last_swap_ = Ask::none;  // ever asked for
  ArbiterRecord asked_for_{};  // the last swap's
  bool possible_ = false;      // that swap may still happen
  Instant retry_at_{};
  std::string arbiter_silent_;  // why, in words; empty: it answered last

  std::string peer_;  // name, once met
  std::uint64_t peer_incarnation_ = 0;
  bool connected_ = false;
  Instant parted_at_{};
  bool peer_parted_ = false;
  std::optional<wire::NodeState> peer_state_;
  bool peer_prefers_to_lead_ = false;
  bool peer_pending_ = false;  // it has a request on its way
  bool peer_empty_ = false;    // said after this record was known here, on this connection
  bool gone_ = false;          // proven: the peer that this node knew is silent for good
  Suspicion suspicion_;
  bool peer_stuck_ = false;
  bool holdings_told_ = false;
  bool filling_ = false;
  bool filling_paused_ = false;
  Instant newest_grant_{};  // the stamp, of this node's clock, that the peer granted last

  bool suspects_ = false;  // has stopped granting
  bool copy_complete_ = false;
  bool last_committed_ = false;
  bool hand_over_asked_ = false;
  Instant started_;
  FailureDetector active_detector_;
  FailureDetector standby_detector_;
};

}  // namespace stillwater::standby
