// report.json: written and read back. Its schema is documented in tests/rig/REPORT.md.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/rig/report/document.h"

namespace stillwater::rig {

// Of a document with one run, the top level also has that run's keys.
[[nodiscard]] std::string to_json(const Document& document);

// Errors name the key that is missing or of the wrong kind.
[[nodiscard]] Result<Document> parse_report(const std::string& json);

}  // namespace stillwater::rig
