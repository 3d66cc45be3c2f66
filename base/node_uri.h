// How certificates name nodes.
#pragma once

#include <string_view>

namespace stillwater {

// Before a node's name, in a URI among a certificate's subjectAltNames.
inline constexpr std::string_view kNodeUri = "stillwater:node:";

}  // namespace stillwater
