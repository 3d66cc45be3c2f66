// What every gRPC server of ours has in common: one service, with health and reflection, on one address.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace stillwater::mgmt {

struct GrpcServerOptions {
  std::string address;                                   // unix:PATH, or ADDRESS:PORT (port 0: any free one)
  std::shared_ptr<grpc::ServerCredentials> credentials;  // none: plain text
  std::string service_name;                              // whose health is told
  int message_bytes_at_most = 4 << 20;
};

// Answers calls on threads of its own, at most 16 at a time, from start() until shutdown().
// One control thread starts it and shuts it down.
class GrpcServer {
 public:
  // Listens and returns. `service` must outlive the server. A unix socket gets mode 0600; a socket file that
  // a dead process left is replaced. Errors:
  //  invalid_argument     the address is not one
  //  refused              another daemon listens there
  //  io                   the operating system refused the socket
  // Sets the process's umask for the moment of binding (see unix_socket.h).
  [[nodiscard]] static Result<std::unique_ptr<GrpcServer>> start(grpc::Service& service,
                                                                 const GrpcServerOptions& options);

  ~GrpcServer();  // shutdown(1 s)
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Where it listens: the address of the options, with the port that was chosen for port 0.
  [[nodiscard]] const std::string& address() const { return address_; }

  // Says "not serving" to health watchers, takes no more calls, waits up to `patience` for those under way,
  // then cancels them and waits until their handlers have returned. Calling it again does nothing.
  void shutdown(Nanos patience);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::string address);
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace stillwater::mgmt
