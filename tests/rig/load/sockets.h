// Sockets as the load generators make them: non-blocking, close-on-exec, IPv4.
#pragma once

#include <cstdint>
#include <string>

#include <netinet/in.h>

#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

[[nodiscard]] sockaddr_in ipv4(const std::string& address, std::uint16_t port);

// In the calling thread's namespace.
[[nodiscard]] Result<UniqueFd> udp_socket();
[[nodiscard]] Result<UniqueFd> bound_udp_socket(std::uint16_t port);
// TCP_NODELAY is set.
[[nodiscard]] Result<UniqueFd> tcp_socket();
[[nodiscard]] Result<UniqueFd> listening_tcp_socket(std::uint16_t port);

}  // namespace stillwater::rig
