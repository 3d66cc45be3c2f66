// The report as one page that needs nothing else: styles and plots are inside, there are no scripts, and
// nothing is fetched. Light or dark as the reader's system is.
#pragma once

#include <string>

#include "tests/rig/report/document.h"

namespace stillwater::rig {

[[nodiscard]] std::string to_html(const Document& document);

}  // namespace stillwater::rig
