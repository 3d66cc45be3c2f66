// The node's own profile in protected memory (mission D3-D5, D7): role and names that no copy may change.
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace stillwater::standby {

struct Personality {
  std::string node;        // at most 63 characters
  std::string management;  // address of the management API, at most 127 characters
  bool prefers_to_lead = false;
};

// Writes the profile with magic, version and checksum. invalid_argument if a field is too long.
[[nodiscard]] Status store_personality(std::span<std::byte> page, const Personality& personality);

// corrupt if the page holds none, another version, or its checksum does not match: a node must not resume
// then.
[[nodiscard]] Result<Personality> load_personality(std::span<const std::byte> page);

}  // namespace stillwater::standby
