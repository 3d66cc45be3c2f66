#include "tests/sim/steps.h"

namespace stillwater::sim {
namespace {

constexpr std::array<const char*, kSteps> kStepNames = {
    "starting",     "empty asked",   "begin empty", "syncing",         "filled",
    "standby idle", "partial epoch", "suspecting",  "promote asked",   "waiting for grants",
    "takeover",     "standalone",    "first sync",  "joining",         "add asked",
    "active idle",  "quiescing",     "blackout",    "shipping",        "commit record",
    "awaiting ack", "remove asked",  "handing",     "hand-over asked", "fenced",
};

constexpr std::array<const char*, kFaults> kFaultNames = {
    "crash",        "power",       "freeze",       "stall control",   "stall heartbeat",
    "break",        "partition",   "one way",      "refuse dials",    "lose beats",
    "late beats",   "slow link",   "arbiter down", "arbiter cut off", "arbiter slow",
    "lost request", "lost answer", "late request", "hostile group",   "no quiesce",
};

}  // namespace

const char* name_of(Step step) { return kStepNames[static_cast<std::size_t>(step)]; }
const char* name_of(Fault fault) { return kFaultNames[static_cast<std::size_t>(fault)]; }

}  // namespace stillwater::sim
