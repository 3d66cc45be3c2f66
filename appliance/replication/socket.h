// TCP and UDP sockets of the replication link. All non-blocking.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "appliance/config/config.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::appliance {

[[nodiscard]] Result<UniqueFd> listen_tcp(const Endpoint& at);
// Begins to connect from `from`'s address to `to`; writable when connected.
[[nodiscard]] Result<UniqueFd> dial_tcp(const Endpoint& from, const Endpoint& to);
// Whether a dialled socket, once writable, is connected.
[[nodiscard]] Status finish_dial(int fd);
// Whether a dialled socket is connected by now; false: not yet.
[[nodiscard]] Result<bool> is_dialled(int fd);
[[nodiscard]] UniqueFd accept_tcp(int listener);
// Whether the other end has the address of `peer`, whatever its port.
[[nodiscard]] bool comes_from(int fd, const Endpoint& peer);
// Bound to `from`: to be connected before it is used.
[[nodiscard]] Result<UniqueFd> udp_at(const Endpoint& from);
// Connects it to `to`: datagrams of others, those that came before included, do not come through. False while
// there is no way there, as when the interface is down: try again.
[[nodiscard]] bool connect_udp(int fd, const Endpoint& to);
// A datagram of such a socket that came back since the other end's kernel has no socket at that port (ICMP
// port unreachable, RFC 1122 3.2.2.1), or as much of it as came; nothing: none, or none any more.
[[nodiscard]] std::optional<std::size_t> take_refused(int fd, std::span<std::byte> datagram);

// Until the socket is ready for `events`, or `deadline` has passed: then false.
[[nodiscard]] bool wait_for(int fd, short events, const Clock& clock, Instant deadline);
// What a peer is told to be that let a deadline pass.
[[nodiscard]] tl::unexpected<Error> does_not_read();

}  // namespace stillwater::appliance
