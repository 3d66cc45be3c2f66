// What a mark costs the worker that writes.
#pragma once

#include "tests/bench/report.h"

namespace stillwater::bench {

void add_marks(Report& report, unsigned repetitions);

}  // namespace stillwater::bench
