// Arbiter records as protobuf messages, and back.
#pragma once

#include "base/arbiter.h"
#include "base/result.h"
#include "stillwater/arbiter/v1/arbiter.pb.h"

namespace stillwater::mgmt::arbiter {

namespace v1 = ::stillwater::arbiter::v1;

[[nodiscard]] v1::Record to_message(const ArbiterRecord& record);

// invalid_argument where the message cannot be a record at all: a node named twice, a region id that has not
// 16 bytes. The rest is for check_record and check_swap (rules.h).
[[nodiscard]] Result<ArbiterRecord> to_record(const v1::Record& message);

}  // namespace stillwater::mgmt::arbiter
