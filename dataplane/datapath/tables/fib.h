// IPv4 forwarding information base: destination address to adjacency.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <rte_byteorder.h>
#include <rte_fib.h>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

struct Adjacency {
  enum class Kind : std::uint8_t {
    none,       // no route
    local,      // an address of ours
    broadcast,  // a subnet's broadcast or network address
    connected,  // the destination itself is on the link
    via,        // through next_hop_be
  };
  Kind kind = Kind::none;
  PortIndex port = 0;
  std::uint32_t next_hop_be = 0;

  friend bool operator==(const Adjacency&, const Adjacency&) = default;
  [[nodiscard]] bool forwards() const { return kind == Kind::connected || kind == Kind::via; }
};

// Immutable once built; any thread may look up.
class Fib {
 public:
  // Built from the ports' subnets, the addresses of source NAT, and the routes. Errors: invalid_argument (a
  // next hop on no link), resource_exhausted (DPDK's memory).
  [[nodiscard]] static Result<Fib> build(const Config& config);

  [[nodiscard]] const Adjacency& lookup(std::uint32_t destination_be) const {
    std::uint32_t address = rte_be_to_cpu_32(destination_be);
    std::uint64_t index = 0;
    rte_fib_lookup_bulk(fib_.get(), &address, &index, 1);
    return adjacencies_[index];
  }

 private:
  struct Free {
    void operator()(rte_fib* fib) const { rte_fib_free(fib); }
  };
  Fib() = default;
  [[nodiscard]] Status add(const Ipv4Prefix& prefix, const Adjacency& adjacency);
  [[nodiscard]] Status add_subnet(PortIndex port, const Ipv4Prefix& address);
  [[nodiscard]] Status add_routes(const std::vector<RouteConfig>& routes);

  std::unique_ptr<rte_fib, Free> fib_;
  std::vector<Adjacency> adjacencies_{Adjacency{}};  // the first one is the default: no route
};

}  // namespace stillwater::dataplane
