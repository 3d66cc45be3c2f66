// The right to transmit, which the in-sync standby grants to the active: both sides of it.
//
// Invariant 3: a grant's right ends at the active before the standby that gave it may transmit. It ends
// `length` less `margin` after the active's own stamp; the standby counts `length` from when that stamp
// reached it, which is later.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "base/transmit_permit.h"
#include "ckpt_engine/wire/format.h"

namespace stillwater::standby {

// What a standby sends with every heartbeat and acknowledgement. Stamp 0: nothing is granted.
struct Grant {
  Instant stamp{};  // of the newest heartbeat of the active, by the active's clock
  std::uint64_t term = 0;
};

// Thread-safe: heartbeats come and go on a thread of their own, so that a grant waits for no checkpoint.
class Lease {
 public:
  // `margin` covers the burst between a worker's look at the permit and the wire, and clocks of unequal pace.
  Lease(TransmitPermit& permit, Nanos length, Nanos margin);

  [[nodiscard]] Nanos length() const { return length_; }

  // The active's side. Under the standby's grants of `term`; what was granted in the term before still holds.
  void transmit_under(std::uint64_t term);
  void transmit_alone();
  void fall_silent();
  // A grant arrived by `now`. One of another term, that ends earlier than what is held, or of a stamp that
  // this node cannot have given yet changes nothing.
  void granted(const Grant& grant, Instant now);
  [[nodiscard]] Instant until() const { return permit_.until(); }

  // The standby's side. From now on the heartbeats of `term`'s active are granted.
  void grant_in(std::uint64_t term);
  void stop_granting();
  [[nodiscard]] bool granting() const;
  // A heartbeat of the active, stamped `stamp` by its clock, came at `now`.
  void active_heard(Instant stamp, std::uint64_t term, Instant now);
  [[nodiscard]] Grant grant() const;
  // When the last right that was granted has ended, by this node's clock.
  [[nodiscard]] Instant grants_end() const;
  // Whoever held them is proven dead, or has said that it is silent.
  void grants_are_void();

 private:
  TransmitPermit& permit_;
  const Nanos length_;
  const Nanos margin_;

  mutable std::mutex mutex_;
  bool leased_ = false;    // transmits under grants, of term_
  bool granting_ = false;  // grants, in term_
  std::uint64_t term_ = 0;
  Grant newest_{};  // what is granted, while granting_
  Instant grants_end_{};
};

// What a heartbeat of the peer that came at `now` means for the lease, on either side of it.
void exchange_grants(Lease& lease, const wire::Heartbeat& beat, Instant now);

}  // namespace stillwater::standby
