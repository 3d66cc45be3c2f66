// Which arbiter a configuration asks for.
#pragma once

#include <memory>

#include "appliance/config/config.h"
#include "base/arbiter.h"

namespace stillwater::appliance {

// Null for `arbiter: none`. Returns at once, whether or not the arbiter can be reached. Errors: those of
// WitnessClient::create and EtcdClient::create.
[[nodiscard]] Result<std::unique_ptr<Arbiter>> arbiter_of(const Config& config);

}  // namespace stillwater::appliance
