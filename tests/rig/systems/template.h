// Configuration files with values to fill in.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace stillwater::rig {

// Replaces each @NAME@ (capitals, digits, underscore) by its value. invalid_argument: a name without a
// value, or a value that no name asks for. Pure.
[[nodiscard]] Result<std::string> fill_template(const std::string& text,
                                                const std::map<std::string, std::string>& values);

}  // namespace stillwater::rig
