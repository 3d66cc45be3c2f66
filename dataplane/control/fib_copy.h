// One of the FIBs that take turns at being read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "dataplane/control/prefix_table.h"
#include "dataplane/control/route_set.h"
#include "dataplane/datapath/tables/fib.h"

namespace stillwater::dataplane {

// One control thread; nobody reads what it writes.
class FibCopy {
 public:
  // Of DPDK's memory, for what `routes` may become.
  [[nodiscard]] static std::uint64_t bytes(const RouteSet& routes);

  // Takes the memory and writes all routes, anew if it was filled before. `routes` outlives this. Errors:
  // resource_exhausted; then the FIB is not to be read, but may be filled again.
  [[nodiscard]] Status fill(const RouteSet& routes);

  // False: DPDK refused; the FIB is not to be read before it is filled again.
  [[nodiscard]] bool redo(std::span<const RouteStep> steps);
  [[nodiscard]] bool undo(std::span<const RouteStep> steps);

  [[nodiscard]] const Fib& view() const { return view_; }

 private:
  [[nodiscard]] bool write(const IpPrefix& prefix, AdjacencyGroups::Index group);

  std::optional<PrefixTable<Ipv4Family>> ipv4_;
  std::optional<PrefixTable<Ipv6Family>> ipv6_;  // none where there are no routes of IPv6
  Fib view_;
};

}  // namespace stillwater::dataplane
