// The faults, by name.
#pragma once

#include <memory>
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

// `named` is NAME or NAME:ARGUMENT, as "freeze:500ms". Errors as of check_fault; a fault that the system
// cannot suffer says so in prepare().
[[nodiscard]] Result<std::unique_ptr<Fault>> make_fault(const std::string& named,
                                                        const FaultContext& context);

}  // namespace stillwater::rig
