// How an Error travels over gRPC. proto/stillwater/v1/stillwater.proto documents the table.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "base/result.h"

namespace stillwater::mgmt {

// Trailing metadata key: present exactly where the node itself refused or failed, so a client can tell this
// from a lost connection or from its own deadline, which use the same status codes.
inline constexpr char kErrorMetadata[] = "stillwater-error";

// The status of a call that ended with `error`; adds the metadata to the call. Of a message that is longer
// than a client can read it has the first lines, and says how many are left out.
[[nodiscard]] grpc::Status answer_with(grpc::ServerContext& call, const Error& error);

}  // namespace stillwater::mgmt
