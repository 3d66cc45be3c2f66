// TCP and UDP sockets of the replication link. All non-blocking.
#pragma once

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
[[nodiscard]] UniqueFd accept_tcp(int listener);
// Whether the other end has the address of `peer`, whatever its port.
[[nodiscard]] bool comes_from(int fd, const Endpoint& peer);
// Bound to `from`, connected to `to`: datagrams of others do not come through.
[[nodiscard]] Result<UniqueFd> udp_pair(const Endpoint& from, const Endpoint& to);

// Sends all of `bytes`, waiting for room until `deadline` (CLOCK_BOOTTIME). timed_out: the peer does not
// read; io: the connection is gone.
[[nodiscard]] Status send_all(int fd, std::span<const std::byte> bytes, const Clock& clock, Instant deadline);

// Reads what is there; 0: nothing now. unavailable: the peer closed the connection.
[[nodiscard]] Result<std::size_t> receive_some(int fd, std::span<std::byte> into);

}  // namespace stillwater::appliance
