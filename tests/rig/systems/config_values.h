// A configuration file with some of its values replaced.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace stillwater::rig {

// By where each is: keys, and indexes of lists, joined by dots: "replication.lease", "source_nat.0.ports".
using ConfigValues = std::map<std::string, std::string>;

// The YAML `text` with these scalars in their places; comments and layout are lost. A key that was absent is
// added where the mapping around it is there. Pure. invalid_argument names the place that is not.
[[nodiscard]] Result<std::string> with_values(const std::string& text, const ConfigValues& values);

}  // namespace stillwater::rig
