#include "tests/rig/load/echo_server.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

namespace stillwater::rig {

class EchoServer::Connection final : public Reactor::Handler {
 public:
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}

  // An echo is a hundred bytes: it always fits the socket, and a client that went away misses nothing.
  void ready(std::uint32_t) override {
    if (!fd_) return;
    std::array<std::byte, 1024> bytes;
    const ssize_t count = recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0 || send(fd_.get(), bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) != count) {
      fd_.reset();
    }
  }

  [[nodiscard]] const UniqueFd& fd() const { return fd_; }

 private:
  UniqueFd fd_;
};

EchoServer::EchoServer(Reactor& reactor, UniqueFd listener)
    : reactor_(reactor), listener_(std::move(listener)) {}

EchoServer::~EchoServer() = default;

void EchoServer::ready(std::uint32_t) {
  while (true) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    connections_.push_back(std::make_unique<Connection>(std::move(fd)));
    (void)reactor_.watch(connections_.back()->fd(), EPOLLIN, *connections_.back());
  }
}

void EchoServer::tick(Instant) {
  std::erase_if(connections_, [](const auto& connection) { return !connection->fd(); });
}

}  // namespace stillwater::rig
