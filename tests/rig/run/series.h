// All repetitions of a scenario, in an order that treats every system alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/rig/process/interrupts.h"
#include "tests/rig/report/document.h"
#include "tests/rig/run/repetition.h"
#include "tests/rig/scenario/scenario.h"

namespace stillwater::rig {

// Repetition by repetition, fault by fault, system by system: what the machine does meanwhile hits all. A
// series of one run uses `options.out` itself, else each run has a folder of its own in it.
[[nodiscard]] std::vector<RepetitionPlan> plan_series(const Scenario& scenario, const SystemOptions& options);

// Main thread. Runs on after a run that failed, does not repeat what is impossible, ends after an
// interrupt; `after_each` sees the document as it
// grows. The ends of the logs of runs that went wrong go to standard error.
[[nodiscard]] Document run_series(const Scenario& scenario, const SystemOptions& options,
                                  Interrupts& interrupts,
                                  const std::function<void(const Document&)>& after_each);

}  // namespace stillwater::rig
