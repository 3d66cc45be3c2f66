// Two ends of a connection, and what makes channels of them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "appliance/replication/tls_context.h"
#include "tests/unit/mgmt/test_authority.h"

namespace stillwater::appliance::test {

// Connected and non-blocking.
[[nodiscard]] std::pair<UniqueFd, UniqueFd> socket_pair();

// What node `node` shows, and whom it expects.
[[nodiscard]] TlsIdentity identity(const mgmt::TlsFiles& files, const std::string& node,
                                   const std::string& peer);

// Both ends, as far as they get: until both are secured or one gave up.
struct Secured {
  std::unique_ptr<Channel> dialler, acceptor;
  std::string dialler_says, acceptor_says;  // empty: secured
};
[[nodiscard]] Secured secure(ChannelMaker& dialler, ChannelMaker& acceptor);

// What came within some seconds, `bytes` of it at least; an error's message where the channel broke.
[[nodiscard]] std::string received(Channel& channel, std::size_t bytes);
[[nodiscard]] std::span<const std::byte> bytes_of(const std::string& text);

}  // namespace stillwater::appliance::test
