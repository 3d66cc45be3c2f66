// The sessions of a burst, found together before its packets are processed one by one.
#pragma once

#include <array>
#include <span>

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/steering/exchange.h"
#include "dataplane/datapath/tables/state.h"

namespace stillwater::dataplane {

inline constexpr std::size_t kLookAhead = 32;

// What a burst's frames seem to be of: a key of zeros where there is no flow of IPv4, a match, of the frame's
// family, of no session where none is known. Guesses: no header was validated, and packets before may open
// and end sessions.
struct LookAhead {
  std::array<region::FlowKey, kLookAhead> keys;
  std::array<region::SessionMatch, kLookAhead> matches;
};

// With many sessions a lookup mostly waits for memory; those of a burst wait together.
// At most kLookAhead frames; entries of `ahead` beyond them are left as they are.
void look_ahead(const State& state, std::span<const Received> burst, LookAhead& ahead);

// Asks for the headers of a burst, for functions without sessions.
void prefetch(std::span<const Received> burst);

}  // namespace stillwater::dataplane
