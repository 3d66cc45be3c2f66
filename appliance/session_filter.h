// Which sessions and bindings an operator means: from words to what workers compare.
#pragma once

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/datapath/requests.h"
#include "mgmt/control.h"

namespace stillwater::appliance {

// Errors, invalid_argument: a field that is no such thing, by its text and what was expected.
[[nodiscard]] Result<dataplane::SessionFilter> session_filter(const mgmt::SessionFilter& filter,
                                                              const dataplane::Config& config);

[[nodiscard]] Result<dataplane::BindingFilter> binding_filter(const mgmt::BindingFilter& filter,
                                                              const dataplane::Config& config);

}  // namespace stillwater::appliance
