// `stillwaterctl pki`: makes what was asked for and says where it is.
#pragma once

#include <string>

#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

[[nodiscard]] Answer<std::string> carry_out_pki(const Arguments& arguments);

}  // namespace stillwater::mgmt::cli
