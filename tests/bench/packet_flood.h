// Packets of many flows into a link of the kernel's, as fast as one core sends them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::bench {

// UDP from the client of network.h to its server, of 64 octets with the CRC, one of each flow in turn. One
// thread.
class PacketFlood {
 public:
  static constexpr std::uint32_t kFlows = 10'000;

  // Into `interface` of that network namespace. Errors: io.
  [[nodiscard]] static Result<PacketFlood> into(int space_fd, const std::string& interface);

  // How many packets the link took.
  std::uint64_t send(Instant until);

 private:
  explicit PacketFlood(UniqueFd socket);

  UniqueFd socket_;
  std::vector<std::uint8_t> frames_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
  std::size_t next_ = 0;
};

}  // namespace stillwater::bench
