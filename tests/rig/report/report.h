// Everything that a series leaves for people and machines, in one folder.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/rig/report/document.h"

namespace stillwater::rig {

// report.json, report.xml (JUnit) and report.html in `folder`, which exists.
[[nodiscard]] Status write_report(const Document& document, const std::string& folder);

[[nodiscard]] Status write_file(const std::string& path, const std::string& text);

}  // namespace stillwater::rig
