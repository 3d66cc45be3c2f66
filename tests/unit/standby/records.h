// Records and hellos as the tests of the roles say them.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "base/arbiter.h"
#include "standby/roles/record.h"

namespace stillwater::tests {

inline constexpr std::uint64_t kIncarnation = 77;

inline wire::Hello hello_of(const char* name, wire::NodeState state,
                            std::uint64_t incarnation = kIncarnation) {
  wire::Hello hello{};
  hello.node = wire::padded<64>(name);
  hello.state = state;
  hello.incarnation = incarnation;
  return hello;
}

inline ArbiterRecord record(std::uint64_t term, const char* active, std::set<std::string> in_sync) {
  return {.term = term, .active = active, .in_sync = std::move(in_sync), .region_id = {1}};
}

}  // namespace stillwater::tests
