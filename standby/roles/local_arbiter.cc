#include "standby/roles/local_arbiter.h"

#include <tuple>
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
  if (std::tie(theirs.term, record_.active) > std::tie(record_.term, theirs.active)) record_ = theirs;
}

}  // namespace stillwater::standby
