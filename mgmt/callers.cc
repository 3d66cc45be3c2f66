#include "mgmt/callers.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>

#include "base/node_uri.h"
#include "mgmt/roles.h"

namespace stillwater::mgmt {
namespace {

std::string text(const grpc::string_ref& bytes) { return {bytes.data(), bytes.size()}; }

class ByRole final : public grpc::AuthMetadataProcessor {
 public:
  [[nodiscard]] bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* peer, OutputMetadata*,
                       OutputMetadata*) override {
    const auto method = metadata.find(":path");
    const auto certificates = peer->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    const Status allowed = may_call(certificates.empty() ? "" : text(certificates.front()),
                                    method == metadata.end() ? "" : text(method->second));
    if (allowed) return grpc::Status::OK;
    return {grpc::StatusCode::PERMISSION_DENIED, allowed.error().message};
  }
};

class Nodes final : public grpc::AuthMetadataProcessor {
 public:
  [[nodiscard]] bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata&, grpc::AuthContext* peer, OutputMetadata*,
                       OutputMetadata*) override {
    for (const auto& uri : peer->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
      if (uri.starts_with(grpc::string_ref(kNodeUri.data(), kNodeUri.size()))) return grpc::Status::OK;
    }
    return {grpc::StatusCode::PERMISSION_DENIED,
            "only nodes may call, by a certificate with a subjectAltName URI:stillwater:node:NAME "
            "(`stillwaterctl pki node` makes one)"};
  }
};

}  // namespace

void admit_by_role(grpc::ServerCredentials& credentials) {
  credentials.SetAuthMetadataProcessor(std::make_shared<ByRole>());
}

void admit_nodes(grpc::ServerCredentials& credentials) {
  credentials.SetAuthMetadataProcessor(std::make_shared<Nodes>());
}

}  // namespace stillwater::mgmt
