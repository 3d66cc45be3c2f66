// One YAML document from a text.
#pragma once

#include <string>

#include <yaml-cpp/yaml.h>

#include "appliance/config/checked_node.h"

namespace stillwater::appliance {

// The root; a null node when there is none, or when more follows it (both reported). Throws YAML::Exception
// for text that is not YAML.
[[nodiscard]] YAML::Node load_single_document(const std::string& text, Mistakes& mistakes);

}  // namespace stillwater::appliance
