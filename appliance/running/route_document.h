// Changes of routes as bytes for the peer, and back: running.proto.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "dataplane/control/route_set.h"
#include "standby/pair/config_exchange.h"

namespace stillwater::appliance {

[[nodiscard]] standby::ConfigBytes to_document(std::span<const dataplane::RouteChange> changes);

// Errors: protocol, if that is no document, or one with more in it than this program knows of.
[[nodiscard]] Result<std::vector<dataplane::RouteChange>> from_document(std::span<const std::byte> document);

}  // namespace stillwater::appliance
