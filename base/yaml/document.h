// One YAML document from a text.
#pragma once

#include <string>

#include <yaml-cpp/yaml.h>

#include "base/yaml/mistakes.h"

namespace stillwater::yaml {

// The root of what is `expected` ("a configuration"); a null node when there is none, or when more follows it
// (both reported). Throws YAML::Exception for text that is not YAML.
[[nodiscard]] YAML::Node load_single_document(const std::string& text, const std::string& expected,
                                              Mistakes& mistakes);

}  // namespace stillwater::yaml
