// Text for XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace stillwater::rig {

// For element content and quoted attributes. Control characters, which XML forbids, become spaces.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace stillwater::rig
