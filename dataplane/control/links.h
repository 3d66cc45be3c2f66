// What the ports' addresses and source NAT put into the FIB, and which next hops they reach.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/control/address_hash.h"
#include "dataplane/datapath/tables/adjacency.h"

namespace stillwater::dataplane {

// Immutable once built. A prefix that ports contend for: local wins over broadcast, that over connected;
// among equals the first port. IPv6 is left out where the dataplane's function does not forward it.
class Links {
 public:
  using Prefixes = std::unordered_map<IpPrefix, Adjacency, PrefixHash>;

  // Errors: invalid_argument (source NAT through a port that is not there).
  [[nodiscard]] static Result<Links> build(const Config& config);

  [[nodiscard]] const Prefixes& prefixes() const { return prefixes_; }
  // By links alone: a route may cover another one's next hop. Errors: invalid_argument, naming the next hop.
  [[nodiscard]] Result<Adjacency> resolve(const NextHop& next_hop) const;

 private:
  Links() = default;
  void offer(const IpPrefix& prefix, const Adjacency& adjacency);
  void add_subnet4(PortIndex port, const Ipv4Prefix& own);
  void add_subnet6(PortIndex port, const IpPrefix& own);
  [[nodiscard]] const Adjacency* longest_match(const IpAddress& address) const;

  Prefixes prefixes_;
  std::vector<std::uint8_t> lengths4_;  // that occur, the longest first
  std::vector<std::uint8_t> lengths6_;
  std::unordered_map<std::string, PortIndex> ports_;
};

}  // namespace stillwater::dataplane
