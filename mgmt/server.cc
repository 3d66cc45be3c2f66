#include "mgmt/server.h"

#include <chrono>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "mgmt/service.h"
#include "mgmt/unix_socket.h"

namespace stillwater::mgmt {
namespace {

constexpr int kThreadsAtMost = 16;

// Everything that must hold before gRPC may bind.
Status prepare(const Address& address, const ServerOptions& options) {
  if (const auto* socket = std::get_if<UnixAddress>(&address)) return make_way_for_socket(socket->path);
  if (options.tls == Tls::none) return {};
  return fail(Errc::failed_precondition,
              "management at " + options.address +
                  " needs TLS, which is not there yet for TCP: configure unix:PATH, or say tls: none "
                  "where the network itself is trusted");
}

// Both switches are process-wide and must be set before the first ServerBuilder exists.
void enable_health_and_reflection() {
  static const bool once = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

struct Server::Parts {
  explicit Parts(Control& control) : service(control) {}

  ApplianceService service;
  std::string address;
  std::unique_ptr<grpc::Server> server;
};

Result<std::unique_ptr<Server>> Server::start(Control& control, const ServerOptions& options) {
  const auto address = parse_address(options.address);
  if (!address) return tl::unexpected(address.error());
  if (const auto ready = prepare(*address, options); !ready) return tl::unexpected(ready.error());

  enable_health_and_reflection();
  auto parts = std::make_unique<Parts>(control);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&parts->service);
  builder.SetResourceQuota(grpc::ResourceQuota("management").SetMaxThreads(kThreadsAtMost));
  // With port sharing a second daemon would silently get every other connection.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  {
    const PrivateFiles while_binding;
    parts->server = builder.BuildAndStart();
  }
  if (!parts->server) {
    return fail(Errc::io, "cannot listen at " + options.address +
                              ": the address is in use, is not one of this machine, or needs more rights");
  }
  parts->server->GetHealthCheckService()->SetServingStatus(v1::Appliance::service_full_name(), true);
  parts->address = options.address;
  if (std::holds_alternative<TcpAddress>(*address)) {
    parts->address = options.address.substr(0, options.address.rfind(':') + 1) + std::to_string(port);
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { shutdown(1s); }

const std::string& Server::address() const { return parts_->address; }

void Server::shutdown(Nanos patience) {
  if (!parts_->server) return;
  parts_->server->GetHealthCheckService()->Shutdown();
  parts_->server->Shutdown(std::chrono::system_clock::now() +
                           std::chrono::duration_cast<std::chrono::system_clock::duration>(patience));
  parts_->server.reset();
}

}  // namespace stillwater::mgmt
