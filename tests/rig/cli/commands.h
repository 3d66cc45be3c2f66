// What the tool does, one function an act. Main thread. They print.
#pragma once

#include "tests/rig/cli/options.h"

namespace stillwater::rig {

[[nodiscard]] Exit list(const Options& options);
// run and compare.
[[nodiscard]] Exit run(const Options& options);
[[nodiscard]] Exit matrix(const Options& options);
[[nodiscard]] Exit bench(const Options& options);
[[nodiscard]] Exit report(const Options& options);

}  // namespace stillwater::rig
