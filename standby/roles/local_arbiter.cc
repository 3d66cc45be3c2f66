#include "standby/roles/local_arbiter.h"

#include <utility>

namespace stillwater::standby {

void LocalArbiter::read() { answer_ = {.kind = ArbiterAnswer::Kind::record, .newest = record_}; }

void LocalArbiter::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  const bool same = record_ == expected;
  if (same) record_ = next;
  answer_ = {.kind = same ? ArbiterAnswer::Kind::swapped : ArbiterAnswer::Kind::refused, .newest = record_};
}

std::optional<ArbiterAnswer> LocalArbiter::take_answer() { return std::exchange(answer_, std::nullopt); }

void LocalArbiter::merge(const ArbiterRecord& theirs) {
  const auto counts_more = [](const ArbiterRecord& a, const ArbiterRecord& b) {
    if (a.term != b.term) return a.term > b.term;
    if (a.active != b.active) return a.active < b.active;
    return a.in_sync.size() < b.in_sync.size();
  };
  if (counts_more(theirs, record_)) record_ = theirs;
}

}  // namespace stillwater::standby
