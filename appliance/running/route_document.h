// The running configuration as bytes for the peer, and back: running.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/control/route_set.h"
#include "standby/pair/config_exchange.h"

namespace stillwater::appliance {

// A firewall's policy that is not the file's.
struct RunningPolicy {
  std::string text;  // YAML; see parse_policy
  std::uint32_t generation = 0;

  friend bool operator==(const RunningPolicy&, const RunningPolicy&) = default;
};

struct RunningDocument {
  std::vector<dataplane::RouteChange> routes;
  std::optional<RunningPolicy> policy;
};

[[nodiscard]] standby::ConfigBytes to_document(std::span<const dataplane::RouteChange> changes,
                                               const std::optional<RunningPolicy>& policy = std::nullopt);

// Errors: protocol, if that is no document, or one with more in it than this program knows of.
[[nodiscard]] Result<RunningDocument> from_document(std::span<const std::byte> document);

}  // namespace stillwater::appliance
