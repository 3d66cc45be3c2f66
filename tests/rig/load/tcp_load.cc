#include "tests/rig/load/tcp_load.h"

#include "base/thread.h"
#include "tests/rig/load/sockets.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {

Result<std::unique_ptr<TcpLoad>> TcpLoad::start(const TcpLoadOptions& options) {
  std::unique_ptr<TcpLoad> load(new TcpLoad);
  if (Status opened = load->open(options); !opened) return tl::unexpected(opened.error());
  Reactor& reactor = load->reactor_;
  const int client_space_fd = options.client_space_fd;
  load->thread_ = std::thread([&reactor, client_space_fd] {
    name_this_thread("tcp-load");
    if (enter_space(client_space_fd)) reactor.run();
  });
  return load;
}

Status TcpLoad::open(const TcpLoadOptions& options) {
  const auto listen = [](UniqueFd& fd, std::uint16_t port) -> Status {
    auto made = listening_tcp_socket(port);
    if (!made) return tl::unexpected(made.error());
    fd = std::move(*made);
    return {};
  };
  UniqueFd flows_listener;
  UniqueFd echo_listener;
  UniqueFd server_first_listener;
  UniqueFd churn_listener;
  const Status listening = inside_space(options.server_space_fd, [&] {
    return listen(flows_listener, options.flows_port)
        .and_then([&] { return listen(echo_listener, options.echo_port); })
        .and_then([&] { return listen(server_first_listener, options.server_first_port); })
        .and_then([&] { return listen(churn_listener, options.churn_port); });
  });
  if (!listening) return listening;
  // The load's thread lives in the client's namespace, where connections are made all the time: learn now
  // whether it may.
  if (Status entered = inside_space(options.client_space_fd, [] { return Status{}; }); !entered)
    return entered;
  if (Status loop = reactor_.open(); !loop) return loop;
  flows_.emplace(reactor_, std::move(flows_listener), options.server_address, options.flows_port,
                 options.flows);
  echo_server_.emplace(reactor_, std::move(echo_listener));
  new_connections_.emplace(reactor_, options.server_address, options.echo_port, options.new_per_second);
  server_first_.emplace(reactor_, std::move(server_first_listener), options.server_address,
                        options.server_first_port, options.server_first);
  churn_.emplace(reactor_, std::move(churn_listener), options.server_address, options.churn_port,
                 options.churn_per_second);
  reactor_.add(*flows_);
  reactor_.add(*server_first_);
  reactor_.add(*churn_);
  reactor_.add(*new_connections_);
  reactor_.add(*echo_server_);
  return flows_->listen()
      .and_then([this] { return echo_server_->listen(); })
      .and_then([this] { return server_first_->listen(); })
      .and_then([this] { return churn_->listen(); });
}

void TcpLoad::end() {
  if (!thread_.joinable()) return;
  reactor_.stop();
  thread_.join();
}

}  // namespace stillwater::rig
