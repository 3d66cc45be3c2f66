#include "tests/bench/replication_peer.h"

#include <cstdio>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>

#include "base/clock.h"
#include "standby/receiver.h"
#include "tests/bench/checkpointed.h"

namespace stillwater::bench {
namespace {

class TcpConnection final : public Connection {
 public:
  explicit TcpConnection(UniqueFd socket) : socket_(std::move(socket)) {
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }

  Status send(wire::Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return fail_errno("the peer is gone", errno);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  std::size_t receive(std::span<std::byte> into) override {
    const ssize_t n = recv(socket_.get(), into.data(), into.size(), 0);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

 private:
  UniqueFd socket_;
};

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct Sockets {
  UniqueFd here, there;
};

Sockets connected_over_loopback() {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), any, length) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), any, &length) != 0)
    give_up("loopback");
  Sockets sockets;
  sockets.here = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(sockets.here.get(), any, length) != 0) give_up("connect");
  sockets.there = UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return sockets;
}

void write_all(int fd, const std::vector<double>& values) {
  const auto* at = reinterpret_cast<const std::byte*>(values.data());
  std::size_t left = values.size() * sizeof(double);
  while (left > 0) {
    const ssize_t n = write(fd, at, left);
    if (n <= 0) std::_Exit(1);
    at += n;
    left -= static_cast<std::size_t>(n);
  }
}

std::vector<double> read_all(int fd) {
  std::vector<double> values;
  for (double value; read(fd, &value, sizeof(value)) == sizeof(value);) values.push_back(value);
  return values;
}

}  // namespace

std::unique_ptr<Connection> over_tcp(UniqueFd socket, bool) {
  return std::make_unique<TcpConnection>(std::move(socket));
}

void send_or_exit(Connection& to, wire::Bytes bytes) { must(to.send(bytes), "send"); }

void receive_all_or_exit(Connection& from, std::span<std::byte> into) {
  while (!into.empty()) {
    const std::size_t n = from.receive(into);
    if (n == 0) give_up("the peer ended");
    into = into.subspan(n);
  }
}

Peer::Peer(const Connect& connect, Core core, const Work& work) {
  Sockets sockets = connected_over_loopback();
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) give_up("pipe");
  answers_ = UniqueFd(pipe_ends[0]);
  UniqueFd answer(pipe_ends[1]);
  process_ = fork();
  if (process_ < 0) give_up("fork");
  if (process_ == 0) {
    sockets.here.reset();
    core == Core::first ? pin_this_thread_to_first_core() : pin_this_thread_to_last_core();
    const std::unique_ptr<Connection> connection = connect(std::move(sockets.there), false);
    write_all(answer.get(), work(*connection));
    std::_Exit(0);
  }
  sockets.there.reset();
  connection_ = connect(std::move(sockets.here), true);
}

Peer::~Peer() {
  if (connection_ != nullptr) finish();
}

std::vector<double> Peer::finish() {
  connection_.reset();
  std::vector<double> values = read_all(answers_.get());
  int status = 0;
  waitpid(process_, &status, 0);
  if (status != 0) std::exit(1);
  return values;
}

Peer::Work standby_of(const region::Layout& layout, std::size_t groups) {
  return [&layout, groups](Connection& connection) {
    const auto region = must(region::Region::create(layout), "region");
    auto buffer = must(standby::ReservedBuffer::create(64u << 20), "reserved memory");
    standby::Receiver receiver(*region, buffer, {});
    receiver.connected();
    std::vector<double> lags;
    const BootClock clock;
    std::optional<Instant> first_byte;
    for (;;) {
      const std::size_t n = connection.receive(receiver.space());
      if (n == 0) return lags;
      const Instant last_byte = clock.now();
      if (!first_byte) first_byte = last_byte;
      must(receiver.received(n), "standby");
      const std::vector<std::byte> output = receiver.take_output();
      if (output.empty()) continue;
      const Nanos lag = clock.now() - last_byte;
      send_or_exit(connection, output);
      if (groups > 1 && receiver.committed() > 1)
        lags.push_back(microseconds(lag) * static_cast<double>(groups) /
                       microseconds(std::max<Nanos>(last_byte - *first_byte, Nanos(1))));
      first_byte.reset();
    }
  };
}

Peer::Work echo_of(std::size_t request_bytes, std::size_t answer_bytes) {
  return [=](Connection& connection) {
    std::vector<std::byte> bytes(std::max(request_bytes, answer_bytes));
    for (std::size_t there = 0;; there = 0) {
      while (there < request_bytes) {
        const std::size_t n = connection.receive(std::span(bytes).subspan(there, request_bytes - there));
        if (n == 0) return std::vector<double>{};
        there += n;
      }
      send_or_exit(connection, std::span(bytes).first(answer_bytes));
    }
  };
}

}  // namespace stillwater::bench
