// A pair's record as the value of its key in etcd.
#pragma once

#include <string>

#include "base/arbiter.h"
#include "base/result.h"

namespace stillwater::mgmt::arbiter {

// The one value of a record, so that equal bytes mean equal records and the other way round.
[[nodiscard]] std::string to_value(const ArbiterRecord& record);

// invalid_argument for all that to_value() does not write for a record of a pair that ran: that pair's key
// would never compare equal.
[[nodiscard]] Result<ArbiterRecord> from_value(const std::string& value);

}  // namespace stillwater::mgmt::arbiter
