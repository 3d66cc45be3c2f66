#include "standby/roles/lease.h"

#include <algorithm>

namespace stillwater::standby {

Lease::Lease(TransmitPermit& permit, Nanos length, Nanos margin)
    : permit_(permit), length_(length), margin_(margin) {}

void Lease::transmit_under(std::uint64_t term) {
  const std::lock_guard lock(mutex_);
  if (!leased_) permit_.set_until(TransmitPermit::kNever);
  leased_ = true;
  granting_ = false;
  term_ = term;
}

void Lease::transmit_alone() {
  const std::lock_guard lock(mutex_);
  leased_ = granting_ = false;
  permit_.set_until(TransmitPermit::kForever);
}

void Lease::fall_silent() {
  const std::lock_guard lock(mutex_);
  leased_ = false;
  permit_.set_until(TransmitPermit::kNever);
}

void Lease::granted(const Grant& grant, Instant now) {
  const std::lock_guard lock(mutex_);
  if (!leased_ || grant.stamp <= Instant{} || grant.stamp > now || grant.term != term_) return;
  permit_.set_until(std::max(permit_.until(), grant.stamp + length_ - margin_));
}

void Lease::grant_in(std::uint64_t term) {
  const std::lock_guard lock(mutex_);
  if (!granting_ || term_ != term) newest_ = {};
  granting_ = true;
  leased_ = false;
  term_ = term;
  permit_.set_until(TransmitPermit::kNever);
}

void Lease::stop_granting() {
  const std::lock_guard lock(mutex_);
  granting_ = false;
  newest_ = {};
}

bool Lease::granting() const {
  const std::lock_guard lock(mutex_);
  return granting_;
}

// Only heartbeats that arrive while grants are given can be granted, so only they count.
void Lease::active_heard(Instant stamp, std::uint64_t term, Instant now) {
  const std::lock_guard lock(mutex_);
  if (!granting_ || term != term_ || stamp <= newest_.stamp) return;
  newest_ = {stamp, term};
  grants_end_ = std::max(grants_end_, now + length_);
}

Grant Lease::grant() const {
  const std::lock_guard lock(mutex_);
  return granting_ ? newest_ : Grant{};
}

Instant Lease::grants_end() const {
  const std::lock_guard lock(mutex_);
  return grants_end_;
}

void Lease::grants_are_void() {
  const std::lock_guard lock(mutex_);
  grants_end_ = {};
}

void exchange_grants(Lease& lease, const wire::Heartbeat& beat, Instant now) {
  lease.granted({Instant(beat.grant_stamp_ns), beat.grant_term}, now);
  if (beat.state == wire::NodeState::leading) lease.active_heard(Instant(beat.stamp_ns), beat.term, now);
}

}  // namespace stillwater::standby
