// The faults, by name.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

struct FaultEntry {
  std::string name;
  std::string argument;  // what may follow the name after a colon, with its default; empty: nothing may
  std::string help;      // one line
};

// Everything that can be named, in the order of a help text. `none` is not a fault and not listed.
[[nodiscard]] std::vector<FaultEntry> list_faults();

// Whether make_fault would know this; pure, so that a scenario is refused before anything starts.
// invalid_argument: no such name (the message lists the names), or an argument that is none.
[[nodiscard]] Status check_fault(const std::string& named);

// Whether the system could suffer every fault of a schedule (see schedule.h), as far as can be said before it
// is started. failed_precondition: it could not, and why.
[[nodiscard]] Status check_possible(const std::string& schedule, System& system);

// `named` is NAME or NAME:ARGUMENT, as "freeze:500ms". Errors as of check_fault; a fault that the system
// cannot suffer says so in prepare().
[[nodiscard]] Result<std::unique_ptr<Fault>> make_fault(const std::string& named,
                                                        const FaultContext& context);

// The links of the active that the faults of a schedule (see schedule.h) want a relay in. Pure.
[[nodiscard]] Result<std::set<ActiveLink>> relayed_links(const std::string& schedule);

// The NAMEs of `command:NAME` in a schedule: faults that the system under test brings along. Pure.
[[nodiscard]] Result<std::vector<std::string>> own_faults(const std::string& schedule);

}  // namespace stillwater::rig
