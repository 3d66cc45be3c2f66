// Next hops that are asked again and again, as workers meet them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip_address.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

struct WatchedNextHop {
  WatchedNextHop(PortIndex on, const IpAddress& at) : port(on), address(at) {}

  const PortIndex port;
  const IpAddress address;
  // Questions since it was last heard. Writers: the worker that asks counts; any worker that learns the
  // neighbour, and whoever begins or ceases to lead, sets it to 0. Relaxed: nothing is ordered by it.
  std::atomic<std::uint32_t> unanswered{0};
  Instant asked_at{0};  // the asking worker's alone
};

// Immutable, but for the counters in it.
class WatchedNextHops {
 public:
  using List = std::vector<std::shared_ptr<WatchedNextHop>>;

  // In the order of port and address, none twice.
  explicit WatchedNextHops(List list) : list_(std::move(list)) {}

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] WatchedNextHop& at(std::size_t index) const { return *list_[index]; }
  // Null: nobody watches it.
  [[nodiscard]] WatchedNextHop* find(PortIndex port, const IpAddress& address) const;
  void forget_silence() const;

 private:
  List list_;
};

// Null where nothing is watched. Writer: the control plane; a worker reads it once a turn. Sequentially
// consistent, for the reason that PublishedFib is.
using PublishedNextHops = std::atomic<const WatchedNextHops*>;

}  // namespace stillwater::dataplane
