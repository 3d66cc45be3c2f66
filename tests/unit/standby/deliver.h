// The shortest link there is: what is sent lies in the receiver's memory when `deliver` returns.
#pragma once

#include <algorithm>
#include <cstring>

#include "standby/receiver.h"

namespace stillwater::tests {

// Errors: unavailable, where the receiver closed the connection.
[[nodiscard]] inline Status deliver(standby::Receiver& receiver, wire::Bytes bytes) {
  while (!bytes.empty()) {
    const auto space = receiver.space();
    const std::size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    if (n == 0 || !receiver.received(n)) return fail(Errc::unavailable, "the standby closed the connection");
    bytes = bytes.subspan(n);
  }
  return {};
}

}  // namespace stillwater::tests
