#include "mgmt/grpc_server.h"

#include <chrono>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "mgmt/address.h"
#include "mgmt/unix_socket.h"

namespace stillwater::mgmt {
namespace {

constexpr int kThreadsAtMost = 16;
// A client may ask this often whether its connection lives (mgmt/arbiter keeps one warm for weeks).
constexpr int kKeepaliveAtLeastMs = 1000;

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

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(grpc::Service& service,
                                                      const GrpcServerOptions& options) {
  const auto address = parse_address(options.address);
  if (!address) return tl::unexpected(address.error());
  if (const auto* socket = std::get_if<UnixAddress>(&*address)) {
    if (const auto free = make_way_for_socket(socket->path); !free) return tl::unexpected(free.error());
  }

  enable_health_and_reflection();
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(
      options.address, options.credentials ? options.credentials : grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  builder.SetResourceQuota(grpc::ResourceQuota(options.service_name).SetMaxThreads(kThreadsAtMost));
  builder.SetMaxReceiveMessageSize(options.message_bytes_at_most);
  // With port sharing a second daemon would silently get every other connection.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepaliveAtLeastMs);
  std::unique_ptr<grpc::Server> server;
  {
    const PrivateFiles while_binding;
    server = builder.BuildAndStart();
  }
  if (!server) {
    return fail(Errc::io, "cannot listen at " + options.address +
                              ": the address is in use, is not one of this machine, or needs more rights");
  }
  server->GetHealthCheckService()->SetServingStatus(options.service_name, true);
  std::string where = options.address;
  if (std::holds_alternative<TcpAddress>(*address))
    where = options.address.substr(0, options.address.rfind(':') + 1) + std::to_string(port);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), std::move(where)));
}

GrpcServer::GrpcServer(std::unique_ptr<grpc::Server> server, std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}

GrpcServer::~GrpcServer() { shutdown(1s); }

void GrpcServer::shutdown(Nanos patience) {
  if (!server_) return;
  server_->GetHealthCheckService()->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(patience));
  server_.reset();
}

}  // namespace stillwater::mgmt
