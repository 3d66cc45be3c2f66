#include "appliance/replication/socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <poll.h>

namespace stillwater::appliance {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

SocketAddress address_of(const Endpoint& endpoint, bool any_port = false) {
  SocketAddress out;
  const std::uint16_t port = htons(any_port ? std::uint16_t{0} : endpoint.port);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = port;
    out.length = sizeof(sockaddr_in);
    return out;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  inet_pton(AF_INET6, endpoint.address.c_str(), &v6->sin6_addr);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = port;
  out.length = sizeof(sockaddr_in6);
  return out;
}

// The address without its port, as bytes to compare.
std::string host_of(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    const in_addr& v4 = reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr;
    return {reinterpret_cast<const char*>(&v4), sizeof(v4)};
  }
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr;
  return {reinterpret_cast<const char*>(&v6), sizeof(v6)};
}

std::string text_of(const Endpoint& e) { return e.address + ":" + std::to_string(e.port); }

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

// An epoch is a few packets: one lost is to be sent again in milliseconds, not after TCP's 200 ms, and no
// acknowledgement is to wait for company. Linux 6.15 lets a socket choose; before that the route decides
// (`ip route ... rto_min`).
void set_tcp_options(int fd) {
  constexpr int kRtoMaxMs = 44, kRtoMinUs = 45, kDelackMaxUs = 46;  // newer than these headers
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, kRtoMaxMs, 1000);
  set_option(fd, IPPROTO_TCP, kRtoMinUs, 5000);
  set_option(fd, IPPROTO_TCP, kDelackMaxUs, 1000);
}

Result<UniqueFd> bound_socket(int type, const SocketAddress& at, const std::string& what) {
  UniqueFd fd(socket(at.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("cannot make a socket for " + what, errno);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd.get(), at.get(), at.length) == 0) return fd;
  const int error = errno;
  const char* hint =
      error == EADDRINUSE ? "is another daemon running?" : "it must be an address of this host";
  return fail_errno("cannot bind " + what + " (a path's listen in replication: " + hint + ")", error);
}

}  // namespace

Result<UniqueFd> listen_tcp(const Endpoint& at) {
  auto fd = bound_socket(SOCK_STREAM, address_of(at), "TCP " + text_of(at));
  if (fd && listen(fd->get(), 8) != 0) return fail_errno("cannot listen at " + text_of(at), errno);
  return fd;
}

Result<UniqueFd> dial_tcp(const Endpoint& from, const Endpoint& to) {
  auto fd = bound_socket(SOCK_STREAM, address_of(from, true), "TCP " + from.address);
  if (!fd) return fd;
  const SocketAddress peer = address_of(to);
  if (connect(fd->get(), peer.get(), peer.length) != 0 && errno != EINPROGRESS)
    return fail_errno("cannot connect to " + text_of(to), errno);
  set_tcp_options(fd->get());
  return fd;
}

Status finish_dial(int fd) {
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail_errno("cannot connect to the peer", error);
  return {};
}

Result<bool> is_dialled(int fd) {
  pollfd ready{fd, POLLOUT, 0};
  if (poll(&ready, 1, 0) <= 0) return false;
  return finish_dial(fd).map([] { return true; });
}

UniqueFd accept_tcp(int listener) {
  UniqueFd fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) set_tcp_options(fd.get());
  return fd;
}

bool comes_from(int fd, const Endpoint& peer) {
  SocketAddress remote;
  remote.length = sizeof(remote.storage);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&remote.storage), &remote.length) != 0) return false;
  return host_of(remote) == host_of(address_of(peer));
}

Result<UniqueFd> udp_at(const Endpoint& from) {
  return bound_socket(SOCK_DGRAM, address_of(from), "UDP " + text_of(from));
}

bool connect_udp(int fd, const Endpoint& to) {
  const SocketAddress peer = address_of(to);
  if (connect(fd, peer.get(), peer.length) != 0) return false;
  // So that what was refused is known, not only that something was.
  const bool ipv6 = peer.family() == AF_INET6;
  set_option(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, 1);
  constexpr unsigned kWaitingMax = 4096;
  char earlier = 0;
  for (unsigned i = 0; i < kWaitingMax && recv(fd, &earlier, sizeof(earlier), MSG_DONTWAIT) >= 0;) ++i;
  return true;
}

namespace {

// An entry of a socket's error queue: nobody has the port open, says the other end's kernel.
bool is_port_unreachable(msghdr& message) {
  for (cmsghdr* it = CMSG_FIRSTHDR(&message); it != nullptr; it = CMSG_NXTHDR(&message, it)) {
    const bool is_error = (it->cmsg_level == IPPROTO_IP && it->cmsg_type == IP_RECVERR) ||
                          (it->cmsg_level == IPPROTO_IPV6 && it->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(it), sizeof(error));
    const bool by_icmp = error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
    if (by_icmp && error.ee_errno == ECONNREFUSED) return true;
  }
  return false;
}

}  // namespace

std::optional<std::size_t> take_refused(int fd, std::span<std::byte> datagram) {
  for (;;) {
    iovec data{datagram.data(), datagram.size()};
    alignas(cmsghdr) std::array<std::byte, 256> control;
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (got < 0) return std::nullopt;
    if (is_port_unreachable(message)) return static_cast<std::size_t>(got);
  }
}

bool wait_for(int fd, short events, const Clock& clock, Instant deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
  if (left <= 0) return false;
  pollfd ready{fd, events, 0};
  poll(&ready, 1, static_cast<int>(left));
  return true;
}

tl::unexpected<Error> does_not_read() {
  return fail(Errc::timed_out, "the peer does not read the replication connection");
}

}  // namespace stillwater::appliance
