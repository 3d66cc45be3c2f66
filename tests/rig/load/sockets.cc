#include "tests/rig/load/sockets.h"

#include <cerrno>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace stillwater::rig {
namespace {

constexpr int kOn = 1;

Result<UniqueFd> make(int type) {
  UniqueFd fd(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("cannot make a socket", errno);
  return fd;
}

Status bind_any(const UniqueFd& fd, std::uint16_t port) {
  sockaddr_in address = ipv4("0.0.0.0", port);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return {};
  return fail_errno("cannot bind port " + std::to_string(port), errno);
}

}  // namespace

sockaddr_in ipv4(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

Result<UniqueFd> udp_socket() { return make(SOCK_DGRAM); }

Result<UniqueFd> bound_udp_socket(std::uint16_t port) {
  auto fd = make(SOCK_DGRAM);
  if (!fd) return fd;
  if (Status bound = bind_any(*fd, port); !bound) return tl::unexpected(bound.error());
  return fd;
}

Result<UniqueFd> tcp_socket() {
  auto fd = make(SOCK_STREAM);
  if (fd) setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof(kOn));
  return fd;
}

Result<UniqueFd> listening_tcp_socket(std::uint16_t port) {
  auto fd = tcp_socket();
  if (!fd) return fd;
  setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof(kOn));
  if (Status bound = bind_any(*fd, port); !bound) return tl::unexpected(bound.error());
  if (listen(fd->get(), 4096) != 0) return fail_errno("cannot listen", errno);
  return fd;
}

}  // namespace stillwater::rig
