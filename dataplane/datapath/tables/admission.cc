#include "dataplane/datapath/tables/admission.h"

#include <algorithm>

#include <netinet/in.h>

namespace stillwater::dataplane {
namespace {

using region::SessionState;

std::uint32_t share_of(std::uint32_t limit, std::uint32_t workers) { return (limit + workers - 1) / workers; }

LimitsConfig share_of(const Config& config, std::uint32_t sessions) {
  LimitsConfig share = config.limits;
  for (std::uint32_t* limit : {&share.sessions_per_source, &share.half_open_per_source,
                               &share.new_per_s_per_source, &share.half_open_max})
    *limit = share_of(*limit, config.workers);
  if (share.half_open_max == 0) share.half_open_max = sessions / 4;
  return share;
}

bool counts_sources(const LimitsConfig& limits) {
  return limits.sessions_per_source != 0 || limits.half_open_per_source != 0 ||
         limits.new_per_s_per_source != 0;
}

bool allows(std::uint32_t limit, std::uint32_t there) { return limit == 0 || there < limit; }

}  // namespace

bool is_half_open(SessionState state, std::uint8_t protocol) {
  return state == SessionState::opening && protocol == IPPROTO_TCP;
}

// Sources that opened in this second, and have none any more, are there besides those with sessions.
Admission::Admission(const Config& config, std::uint32_t sessions)
    : limits_(share_of(config, sessions)),
      sessions_(sessions),
      embryonic_(sessions),
      counts_(counts_sources(limits_) ? sessions + sessions / 4 : 0),
      counted_(sessions),
      by_source_(sessions) {}

bool Admission::admits(SourceId source, std::uint8_t protocol, std::uint32_t now_s, bool ended) const {
  if (!counts_sources(limits_)) return true;
  const SourceCount count = counts_.of(source);
  const std::uint32_t sessions = count.sessions - (ended && count.sessions > 0 ? 1 : 0);
  return allows(limits_.sessions_per_source, sessions) &&
         (protocol != IPPROTO_TCP || allows(limits_.half_open_per_source, count.half_open)) &&
         allows(limits_.new_per_s_per_source, count.second == now_s ? count.opened : 0);
}

void Admission::count(std::uint32_t slot, const Counted& session, bool opens, std::uint32_t now_s) {
  counted_[slot] = has_counted_ = true;
  if (session.state == SessionState::opening) embryonic_.add(slot);
  const bool half_open = is_half_open(session.state, session.protocol);
  if (half_open) ++half_open_;
  by_source_[slot] = counts_.add(session.source, half_open, opens, now_s);
}

void Admission::opened(std::uint32_t slot, const Counted& session, std::uint32_t now_s) {
  count(slot, session, true, now_s);
}

void Admission::progressed(std::uint32_t slot, const Counted& session) {
  if (!counted_[slot] || !embryonic_.has(slot)) return;
  embryonic_.remove(slot);
  if (session.protocol != IPPROTO_TCP) return;
  --half_open_;
  if (by_source_[slot]) counts_.complete(session.source);
}

void Admission::ended(std::uint32_t slot, const Counted& session, std::uint32_t now_s) {
  if (!counted_[slot]) return;
  const bool half_open = embryonic_.has(slot) && session.protocol == IPPROTO_TCP;
  if (embryonic_.has(slot)) embryonic_.remove(slot);
  if (half_open) --half_open_;
  if (by_source_[slot]) counts_.remove(session.source, half_open, now_s);
  counted_[slot] = by_source_[slot] = false;
}

void Admission::forget() {
  if (!has_counted_) return;
  has_counted_ = false;
  embryonic_.clear();
  counts_.clear();
  half_open_ = 0;
  std::fill(counted_.begin(), counted_.end(), false);
  std::fill(by_source_.begin(), by_source_.end(), false);
}

std::uint32_t Admission::opening_timeout_s(std::uint32_t configured_s) const {
  if (half_open_ <= limits_.half_open_max || configured_s <= kLeastOpeningS) return configured_s;
  const std::uint64_t span = std::max(sessions_, limits_.half_open_max + 1) - limits_.half_open_max;
  const std::uint64_t over = std::min<std::uint64_t>(half_open_ - limits_.half_open_max, span);
  return configured_s - static_cast<std::uint32_t>((configured_s - kLeastOpeningS) * over / span);
}

}  // namespace stillwater::dataplane
