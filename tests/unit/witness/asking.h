// Asking a witness and waiting for what it says.
#pragma once

#include <memory>
#include <string>

#include "mgmt/arbiter/witness_client.h"

namespace stillwater::mgmt::witness::test {

using arbiter::WitnessClient;
using arbiter::WitnessClientOptions;
using Kind = ArbiterAnswer::Kind;

// Longer than any test needs, also on a machine that is busy.
inline constexpr Nanos kPatience = 20s;

[[nodiscard]] std::unique_ptr<WitnessClient> client_of(const std::string& address, Nanos deadline = kPatience,
                                                       const std::string& pair = "edge");

// Waits, at most kPatience, for the answer to the request under way.
[[nodiscard]] ArbiterAnswer answer_of(Arbiter& arbiter);

[[nodiscard]] ArbiterAnswer read(Arbiter& arbiter);
[[nodiscard]] ArbiterAnswer swap(Arbiter& arbiter, const ArbiterRecord& expected, const ArbiterRecord& next);

}  // namespace stillwater::mgmt::witness::test
