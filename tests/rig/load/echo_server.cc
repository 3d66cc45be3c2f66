#include "tests/rig/load/echo_server.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

namespace stillwater::rig {

class EchoServer::Connection final : public Reactor::Handler {
 public:
  explicit Connection(UniqueFd fd) : Handler(std::move(fd)) {}

  // An echo is a hundred bytes: it always fits the socket, and a client that went away misses nothing.
  void ready(std::uint32_t) override {
    if (!fd()) return;
    std::array<std::byte, 1024> bytes;
    const ssize_t count = recv(fd().get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0 ||
        send(fd().get(), bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) != count) {
      close();
    }
  }
};

EchoServer::EchoServer(Reactor& reactor, UniqueFd listener)
    : Handler(std::move(listener)), reactor_(reactor) {}

EchoServer::~EchoServer() = default;

void EchoServer::ready(std::uint32_t) {
  while (true) {
    UniqueFd accepted(accept4(fd().get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) return;
    connections_.push_back(std::make_unique<Connection>(std::move(accepted)));
    (void)reactor_.watch(EPOLLIN, *connections_.back());
  }
}

void EchoServer::tick(Instant) {
  std::erase_if(connections_, [](const auto& connection) { return !connection->fd(); });
}

}  // namespace stillwater::rig
