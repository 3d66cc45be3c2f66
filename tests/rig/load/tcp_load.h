// All TCP of the load, on one thread: the long-lived connections, the new ones, those on which the server
// writes next, and those that come and go; both ends of each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "tests/rig/load/echo_server.h"
#include "tests/rig/load/flows.h"
#include "tests/rig/load/new_connections.h"
#include "tests/rig/load/reactor.h"
#include "tests/rig/load/server_first.h"
#include "tests/rig/load/session_churn.h"

namespace stillwater::rig {

struct TcpLoadOptions {
  int client_space_fd = -1;
  int server_space_fd = -1;
  std::string server_address;
  std::uint16_t flows_port = 7000;
  std::uint16_t echo_port = 7001;
  std::uint16_t server_first_port = 7002;
  std::uint16_t churn_port = 7003;
  std::uint32_t flows = 1000;
  std::uint32_t server_first = 0;
  std::uint32_t new_per_second = 200;  // begun only when new_connections().start() says so
  std::uint32_t churn_per_second = 0;  // likewise
};

// Started and ended by one thread. The destructor ends it and closes every socket.
class TcpLoad {
 public:
  // The flows begin to open at once.
  [[nodiscard]] static Result<std::unique_ptr<TcpLoad>> start(const TcpLoadOptions& options);
  ~TcpLoad() { end(); }

  // Ends the thread; results may be read afterwards.
  void end();

  [[nodiscard]] Flows& flows() { return *flows_; }
  [[nodiscard]] NewConnections& new_connections() { return *new_connections_; }
  [[nodiscard]] ServerFirst& server_first() { return *server_first_; }
  [[nodiscard]] SessionChurn& churn() { return *churn_; }

 private:
  TcpLoad() = default;
  [[nodiscard]] Status open(const TcpLoadOptions& options);

  Reactor reactor_;
  std::optional<Flows> flows_;
  std::optional<NewConnections> new_connections_;
  std::optional<EchoServer> echo_server_;
  std::optional<ServerFirst> server_first_;
  std::optional<SessionChurn> churn_;
  std::thread thread_;
};

}  // namespace stillwater::rig
