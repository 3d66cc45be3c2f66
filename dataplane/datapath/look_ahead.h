// The sessions of a burst, found together before its packets are processed one by one.
#pragma once

#include <array>
#include <span>

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/steering/exchange.h"
#include "dataplane/datapath/tables/state.h"

namespace stillwater::dataplane {

inline constexpr std::size_t kLookAhead = 32;
using Matches = std::array<region::SessionMatch, kLookAhead>;  // each of its frame's family

// With many sessions a lookup mostly waits for memory; those of a burst wait together. `expected` is a guess,
// empty where there is none, as it comes: packets before may open and end sessions, so it is checked when it
// is used. At most kLookAhead frames, headers not validated.
void look_ahead(const State& state, std::span<const Received> burst, Matches& expected);

// Asks for the headers of a burst, for functions without sessions.
void prefetch(std::span<const Received> burst);

}  // namespace stillwater::dataplane
