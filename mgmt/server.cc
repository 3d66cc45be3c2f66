#include "mgmt/server.h"

#include "mgmt/grpc_server.h"
#include "mgmt/service.h"

namespace stillwater::mgmt {
namespace {

Status check_protection(const ServerOptions& options) {
  const auto address = parse_address(options.address);
  if (!address) return tl::unexpected(address.error());
  if (std::holds_alternative<UnixAddress>(*address) || options.tls == Tls::none) return {};
  return fail(Errc::failed_precondition,
              "management at " + options.address +
                  " needs TLS, which is not there yet for TCP: configure unix:PATH, or say tls: none "
                  "where the network itself is trusted");
}

}  // namespace

struct Server::Parts {
  explicit Parts(Control& control) : service(control) {}

  ApplianceService service;
  std::unique_ptr<GrpcServer> server;
};

Result<std::unique_ptr<Server>> Server::start(Control& control, const ServerOptions& options) {
  if (const auto ready = check_protection(options); !ready) return tl::unexpected(ready.error());
  auto parts = std::make_unique<Parts>(control);
  auto server = GrpcServer::start(parts->service, {.address = options.address,
                                                   .credentials = nullptr,
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
