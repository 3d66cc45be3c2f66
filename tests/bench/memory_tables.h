// The session table: what a session takes of memory, and lookups and insertions beside rte_hash.
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/report.h"

namespace stillwater::bench {

// Needs DPDK's environment, with room for a table of 2 x `sessions` keys.
void add_session_rates(Report& report, unsigned repetitions, std::uint32_t sessions, const std::string& size);
void add_session_bytes(Report& report, std::uint32_t sessions, const std::string& size);

}  // namespace stillwater::bench
