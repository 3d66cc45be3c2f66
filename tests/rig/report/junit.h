// The report as JUnit XML: a test suite a system and fault, a test case a repetition.
#pragma once

#include <string>

#include "tests/rig/report/document.h"

namespace stillwater::rig {

// A run with a bad verdict is a failure, one that could not be measured an error, one
// whose system cannot suffer its fault is skipped.
[[nodiscard]] std::string to_junit(const Document& document);

}  // namespace stillwater::rig
