#include "tests/unit/syslog/receiver.h"

#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <poll.h>

#include "base/clock.h"

namespace stillwater::appliance::syslog::test {
namespace {

constexpr Nanos kPatience = 10s;

UniqueFd bound(int type, std::uint16_t& port) {
  UniqueFd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  socklen_t length = sizeof(at);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &length) != 0)
    throw std::runtime_error("no socket for the receiver");
  port = ntohs(at.sin_port);
  return fd;
}

}  // namespace

Receiver::Receiver(SyslogTransport transport, std::optional<mgmt::TlsFiles> files, std::uint16_t port)
    : transport_(transport), port_(port) {
  std::signal(SIGPIPE, SIG_IGN);
  socket_ = bound(transport == SyslogTransport::udp ? SOCK_DGRAM : SOCK_STREAM, port_);
  const int room = 65'536;  // connections of a stream inherit it: what is not read is soon felt
  if (transport != SyslogTransport::udp)
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
  if (transport != SyslogTransport::udp && listen(socket_.get(), 8) != 0)
    throw std::runtime_error("the receiver cannot listen");
  if (!files) return;
  context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const c = context_.get();
  if (SSL_CTX_use_certificate_chain_file(c, files->cert.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(c, files->key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_load_verify_locations(c, files->ca.c_str(), nullptr) != 1)
    throw std::runtime_error("the receiver cannot read its files");
}

Receiver::~Receiver() = default;

bool Receiver::wait(int fd, int timeout_ms) const {
  pollfd ready{fd, POLLIN, 0};
  return poll(&ready, 1, timeout_ms) > 0;
}

bool Receiver::accept() {
  if (!wait(socket_.get(), static_cast<int>(kPatience / 1ms))) return false;
  connection_.reset(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  stream_.clear();
  if (!context_) return static_cast<bool>(connection_);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), connection_.get());
  return SSL_accept(ssl_.get()) == 1;
}

void Receiver::hang_up() {
  ssl_.reset();
  connection_.reset();
}

long Receiver::receive(char* into, std::size_t bytes) {
  if (ssl_) return SSL_read(ssl_.get(), into, static_cast<int>(bytes));
  return recv(transport_ == SyslogTransport::udp ? socket_.get() : connection_.get(), into, bytes, 0);
}

bool Receiver::read_some() {
  char some[65'536];
  constexpr int kMoment = 20;
  if (transport_ == SyslogTransport::udp) {
    if (!wait(socket_.get(), kMoment)) return false;
    const long got = receive(some, sizeof(some));
    if (got > 0) messages_.emplace_back(some, static_cast<std::size_t>(got));
    return got > 0;
  }
  if (!connection_ && (!wait(socket_.get(), kMoment) || !accept())) return false;
  if (!(ssl_ && SSL_pending(ssl_.get()) > 0) && !wait(connection_.get(), kMoment)) return false;
  const long got = receive(some, sizeof(some));
  if (got <= 0) {
    hang_up();
    return false;
  }
  stream_.append(some, static_cast<std::size_t>(got));
  split();
  return true;
}

// By their octets' count.
void Receiver::split() {
  for (std::size_t space = stream_.find(' '); space != std::string::npos; space = stream_.find(' ')) {
    const std::size_t octets = std::stoul(stream_.substr(0, space));
    if (stream_.size() < space + 1 + octets) return;
    messages_.push_back(stream_.substr(space + 1, octets));
    stream_.erase(0, space + 1 + octets);
  }
}

const std::vector<std::string>& Receiver::messages(std::size_t count) {
  const BootClock clock;
  const Instant deadline = clock.now() + kPatience;
  while (messages_.size() < count && clock.now() < deadline) (void)read_some();
  return messages_;
}

}  // namespace stillwater::appliance::syslog::test
