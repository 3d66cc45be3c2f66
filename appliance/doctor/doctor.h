// `stillwaterctl doctor`: whether this host is fit to be a node, and what it would take.
#pragma once

#include <string>

#include "appliance/doctor/finding.h"
#include "appliance/doctor/subject.h"

namespace stillwater::appliance::doctor {

// All checks, in the order in which they are shown: those of the host, and with a configuration those of what
// it wants.
[[nodiscard]] Findings examine(const Subject& subject);

[[nodiscard]] bool has_fault(const Findings& findings);

// What is wrong first; a line a finding, two more where there is something to do.
[[nodiscard]] std::string as_text(const Findings& findings);
// {"findings": [{"check", "verdict": "ok" | "advice" | "fault", "seen", "costs", "remedy"}], "faults": N,
// "advice": N}
[[nodiscard]] std::string as_json(const Findings& findings);

}  // namespace stillwater::appliance::doctor
