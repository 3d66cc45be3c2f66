// The page's style sheet.
#pragma once

#include <string_view>

namespace stillwater::rig {

[[nodiscard]] std::string_view style_sheet();

}  // namespace stillwater::rig
