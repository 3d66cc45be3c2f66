// Records as the tests write them.
#pragma once

#include <catch2/catch.hpp>

#include "base/arbiter.h"
#include "base/result.h"

namespace stillwater::mgmt::witness::test {

// Led by `active`, with `in_sync`; its region id tells terms apart.
inline ArbiterRecord record(std::uint64_t term, std::string active = "a",
                            std::set<std::string> in_sync = {}) {
  ArbiterRecord r{.term = term, .active = std::move(active), .in_sync = std::move(in_sync)};
  r.in_sync.insert(r.active);
  r.region_id.fill(static_cast<std::uint8_t>(0xa0 + term % 16));
  return r;
}

template <class T>
T value(Result<T> result) {
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  return std::move(*result);
}

template <class T>
Error error(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

}  // namespace stillwater::mgmt::witness::test
