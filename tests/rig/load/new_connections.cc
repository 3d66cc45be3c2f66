#include "tests/rig/load/new_connections.h"

#include <cerrno>
#include <system_error>

#include <sys/socket.h>

#include "tests/rig/load/payload.h"
#include "tests/rig/load/sockets.h"

namespace stillwater::rig {

// connect, then one message out, then the same message back.
class NewConnections::Connection final : public Reactor::Handler {
 public:
  Connection(NewConnections& owner, UniqueFd fd, Instant began, std::uint32_t number)
      : Handler(std::move(fd)),
        owner_(owner),
        began_(began),
        message_(make_message(number, Direction::to_server, 0)) {}

  void ready(std::uint32_t events) override {
    if (!fd()) return;
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd().get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(std::generic_category().message(error));
    if (!sent_ && (events & EPOLLOUT) != 0) send_message();
    if (fd() && sent_ && (events & EPOLLIN) != 0) read_echo();
  }

  void end(const std::string& failure) {
    close();
    owner_.finish(*this, failure);
  }

  [[nodiscard]] Instant began() const { return began_; }
  [[nodiscard]] bool over() const { return !fd(); }

 private:
  void send_message() {
    if (send(fd().get(), message_.data(), message_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(message_.size())) {
      return end("could not send");
    }
    sent_ = true;
    change_events(EPOLLIN);
  }

  void read_echo() {
    const ssize_t count = recv(fd().get(), echo_.data() + received_, echo_.size() - received_, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) return end(std::generic_category().message(errno));
    if (count == 0) return end("closed by the server");
    received_ += static_cast<std::size_t>(count);
    if (received_ == echo_.size()) end(echo_ == message_ ? "" : "wrong bytes");
  }

  NewConnections& owner_;
  Instant began_;
  Message message_;
  Message echo_{};
  std::size_t received_ = 0;
  bool sent_ = false;
};

NewConnections::NewConnections(Reactor& reactor, std::string server_address, std::uint16_t port,
                               std::uint32_t per_second)
    : reactor_(reactor), server_address_(std::move(server_address)), port_(port), pace_(per_second) {}

NewConnections::~NewConnections() = default;

void NewConnections::tick(Instant now) {
  for (const auto& connection : connections_) {
    if (now - connection->began() < kTimeout) break;
    if (!connection->over()) connection->end("timed out");
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->over(); });
  if (running_.load())
    for (std::uint32_t due = pace_.due(now); due > 0; --due) begin_one(now);
  under_way_.store(connections_.size(), std::memory_order_relaxed);
}

void NewConnections::begin_one(Instant now) {
  auto fd = tcp_socket();
  sockaddr_in to = ipv4(server_address_, port_);
  if (!fd ||
      (connect(fd->get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0 && errno != EINPROGRESS)) {
    attempts_.push_back({now, now, fd ? std::generic_category().message(errno) : fd.error().message});
    failed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto number = static_cast<std::uint32_t>(attempts_.size() + connections_.size());
  connections_.push_back(std::make_unique<Connection>(*this, std::move(*fd), now, number));
  Connection& connection = *connections_.back();
  (void)reactor_.watch(EPOLLOUT, connection);
}

void NewConnections::finish(Connection& connection, const std::string& failure) {
  attempts_.push_back({connection.began(), BootClock().now(), failure});
  (failure.empty() ? succeeded_ : failed_).fetch_add(1, std::memory_order_relaxed);
}

}  // namespace stillwater::rig
