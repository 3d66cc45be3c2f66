// Who may call, decided at the door: before any handler runs, whatever service it belongs to.
#pragma once

#include <memory>

namespace grpc {
class ServerCredentials;
}  // namespace grpc

namespace stillwater::mgmt {

// From now on `credentials` (mutual TLS) let a call in by the role in the caller's certificate (mgmt/roles);
// others end with PERMISSION_DENIED and the words of may_call().
void admit_by_role(grpc::ServerCredentials& credentials);

// The same, but for nodes: the caller's certificate has a URI stillwater:node:NAME among its
// subjectAltNames.
void admit_nodes(grpc::ServerCredentials& credentials);

}  // namespace stillwater::mgmt
