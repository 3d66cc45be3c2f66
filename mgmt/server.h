// The gRPC server of a node: stillwater.v1.Appliance, health and reflection on one address.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "mgmt/address.h"
#include "mgmt/control.h"
#include "mgmt/tls.h"

namespace stillwater::mgmt {

struct ServerOptions {
  std::string address;              // unix:PATH, or ADDRESS:PORT (port 0: any free one)
  Tls tls = Tls::required;          // of a TCP address
  std::optional<TlsFiles> files{};  // with a TCP address and Tls::required
};

// Over TLS a caller's certificate says what it may call (mgmt/roles). Who may open the unix socket, and with
// Tls::none whoever reaches the address, may call everything.
//
// Answers calls on threads of its own, at most 16 at a time, from start() until shutdown().
// One control thread starts it and shuts it down.
class Server {
 public:
  // Listens and returns. `control` must outlive the server. A unix socket gets mode 0600; a socket file that
  // a dead process left is replaced. Errors:
  //  invalid_argument     the address is not one; a TLS file that is none
  //  failed_precondition  a TCP address without TLS files, nor `tls none` said by name
  //  refused              another daemon listens there
  //  io                   the operating system refused the socket
  // Sets the process's umask for the moment of binding (see unix_socket.h).
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(Control& control, const ServerOptions& options);

  ~Server();  // shutdown(1 s)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens: the address of the options, with the port that was chosen for port 0.
  [[nodiscard]] const std::string& address() const;

  // Says "not serving" to health watchers, takes no more calls, waits up to `patience` for those under way,
  // then cancels them. A call inside Control ends when Control returns (its contract: within a second), so
  // this returns at most that much later. Calling it again does nothing.
  void shutdown(Nanos patience);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace stillwater::mgmt
