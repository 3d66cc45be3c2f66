// Values of control.h as messages of stillwater.v1.
#pragma once

#include "mgmt/control.h"
#include "stillwater/v1/stillwater.pb.h"

namespace stillwater::mgmt {

void fill(v1::NodeStatus& message, const NodeStatus& status);
void fill(v1::Session& message, const SessionInfo& session);
void fill(v1::Binding& message, const BindingInfo& binding);
void fill(v1::Route& message, const RouteInfo& route);
void fill(v1::Policy& message, const Policy& policy);

[[nodiscard]] BindingFilter filter_of(const v1::BindingFilter& filter);
// Of a v1::SessionFilter, or of what has its fields.
template <class Message>
[[nodiscard]] SessionFilter filter_of(const Message& message) {
  return {.protocol = message.protocol(),
          .source = message.source(),
          .destination = message.destination(),
          .address = message.address(),
          .port = message.port(),
          .state = message.state(),
          .rule = message.rule(),
          .interface = message.interface(),
          .min_age_s = message.min_age_s()};
}

// Errors: invalid_argument, where a change says nothing.
[[nodiscard]] Result<std::vector<RouteChange>> changes_of(const v1::ChangeRoutesRequest& request);

// `policy` with the fields that `change` sets.
[[nodiscard]] Policy changed(Policy policy, const v1::SetPolicyRequest& change);

}  // namespace stillwater::mgmt
