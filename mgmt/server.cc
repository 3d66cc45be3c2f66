#include "mgmt/server.h"

#include <grpcpp/security/server_credentials.h>

#include "mgmt/callers.h"
#include "mgmt/grpc_server.h"
#include "mgmt/service.h"

namespace stillwater::mgmt {
namespace {

// None: plain text is right, and whoever reaches the address may do everything.
Result<std::shared_ptr<grpc::ServerCredentials>> protection(const ServerOptions& options) {
  return server_protection(options.address, {options.tls, options.files})
      .map([](std::shared_ptr<grpc::ServerCredentials> credentials) {
        if (credentials) admit_by_role(*credentials);
        return credentials;
      });
}

}  // namespace

struct Server::Parts {
  explicit Parts(Control& control) : service(control) {}

  ApplianceService service;
  std::unique_ptr<GrpcServer> server;
};

Result<std::unique_ptr<Server>> Server::start(Control& control, const ServerOptions& options) {
  auto credentials = protection(options);
  if (!credentials) return tl::unexpected(credentials.error());
  auto parts = std::make_unique<Parts>(control);
  auto server = GrpcServer::start(parts->service, {.address = options.address,
                                                   .credentials = std::move(*credentials),
                                                   .service_name = v1::Appliance::service_full_name()});
  if (!server) return tl::unexpected(server.error());
  parts->server = std::move(*server);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

const std::string& Server::address() const { return parts_->server->address(); }

void Server::shutdown(Nanos patience) { parts_->server->shutdown(patience); }

}  // namespace stillwater::mgmt
