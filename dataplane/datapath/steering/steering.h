// Which worker owns a packet: the one in whose shard the packet's session lies.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <rte_mbuf.h>

#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

// The flow that an IPv4 frame's headers name. Reads headers of the first segment and trusts nothing in them.
[[nodiscard]] std::optional<region::FlowKey> flow_of(const rte_mbuf& frame);

// Both directions of a session have one owner, without a lock or a shared table:
//   - a packet to an address of source NAT: the owner of the port (ICMP: identifier) that it is sent to,
//   since
//     ports are dealt to workers in blocks;
//   - an ICMP error: the owner of what the packet that it quotes was an answer to, or a question for;
//   - a fragment: by the addresses alone, so that all of a datagram meet;
//   - GRE and ESP, where there is source NAT: worker 0, since they have no port that it could choose by;
//   - any other IPv4 packet: by the flow's symmetric hash.
// Read-only once built; any thread.
class Steering {
 public:
  explicit Steering(const Config& config);

  // For frames that every worker has to read (ARP, neighbour discovery), and such as belong to nobody:
  // malformed ones, and all of a function without sessions.
  static constexpr unsigned kEveryone = 0xffff;
  static constexpr unsigned kNobody = 0xfffe;

  // Reads headers of the first segment and trusts nothing in them.
  [[nodiscard]] unsigned owner(const rte_mbuf& frame) const;
  [[nodiscard]] unsigned workers() const { return workers_; }

  // Of a packet of this flow that is neither a fragment nor an ICMP error, where there are sessions.
  [[nodiscard]] unsigned owner_of_flow(const region::FlowKey& flow) const;

  // Where a device with RSS delivers packets of this flow.
  [[nodiscard]] unsigned delivered_to(const region::FlowKey& flow) const;

 private:
  [[nodiscard]] bool is_nat_address(std::uint32_t address_be) const;

  unsigned workers_;
  bool has_sessions_;
  std::vector<std::uint32_t> nat_addresses_be_;
};

}  // namespace stillwater::dataplane
