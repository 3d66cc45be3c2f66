#include "appliance/syslog/transport.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include <poll.h>

#include "appliance/replication/socket.h"

namespace stillwater::appliance::syslog {
namespace {

constexpr std::size_t kDatagramMax = 65'000;

// From any address of this host.
Endpoint anywhere(const Endpoint& to) {
  return {to.address.find(':') == std::string::npos ? "0.0.0.0" : "::", 0};
}

// Reads until nothing is there. unavailable: the other end closed.
Status read_away(int fd) {
  std::array<char, 4096> unasked;
  for (;;) {
    const ssize_t got = recv(fd, unasked.data(), unasked.size(), MSG_DONTWAIT);
    if (got > 0) continue;
    if (got == 0) return fail(Errc::unavailable, "the collector closed the connection");
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    return fail_errno("the connection to the collector is gone", errno);
  }
}

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(UniqueFd fd) : fd_(std::move(fd)) {}

  Result<bool> advance() override {
    if (!connected_) {
      const auto dialled = is_dialled(fd_.get());
      if (!dialled || !*dialled) return dialled;
      connected_ = true;
    }
    return read_away(fd_.get()).map([] { return true; });
  }
  Result<std::size_t> send_some(std::string_view bytes) override {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
    return fail_errno("the connection to the collector is gone", errno);
  }
  int fd() const override { return fd_.get(); }
  short waits_for() const override { return POLLOUT; }

 private:
  UniqueFd fd_;
  bool connected_ = false;
};

// What nobody listens for is lost and not known to be, but for a word of the other end's kernel, which comes
// with a later send: that one is tried again once.
class UdpTransport final : public Transport {
 public:
  explicit UdpTransport(UniqueFd fd) : fd_(std::move(fd)) {}

  Result<bool> advance() override { return true; }
  Result<std::size_t> send_some(std::string_view bytes) override {
    const std::string_view datagram = bytes.substr(0, kDatagramMax);
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return bytes.size();
      if (errno != ECONNREFUSED) break;
      std::array<std::byte, 512> refused;
      while (take_refused(fd_.get(), refused)) {
      }
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) return 0;
    return fail_errno("the collector cannot be sent to", errno);
  }
  int fd() const override { return -1; }  // what a full buffer waits for is soon over
  short waits_for() const override { return 0; }

 private:
  UniqueFd fd_;
};

}  // namespace

Result<std::unique_ptr<Transport>> connect_to(const CollectorConfig& collector) {
  if (collector.transport == SyslogTransport::udp) {
    auto fd = udp_at(anywhere(collector.address));
    if (!fd) return tl::unexpected(fd.error());
    if (!connect_udp(fd->get(), collector.address))
      return fail(Errc::unavailable, "there is no way to the collector");
    return std::make_unique<UdpTransport>(std::move(*fd));
  }
  auto fd = dial_tcp(anywhere(collector.address), collector.address);
  if (!fd) return tl::unexpected(fd.error());
  if (collector.transport == SyslogTransport::tls) return tls_transport(collector, std::move(*fd));
  return std::make_unique<TcpTransport>(std::move(*fd));
}

}  // namespace stillwater::appliance::syslog
