#include "dataplane/datapath/tables/watched_next_hops.h"

#include <algorithm>

namespace stillwater::dataplane {

WatchedNextHop* WatchedNextHops::find(PortIndex port, const IpAddress& address) const {
  const auto comes_before = [&](const std::shared_ptr<WatchedNextHop>& hop) {
    return hop->port != port ? hop->port < port : hop->address < address;
  };
  const auto found = std::partition_point(list_.begin(), list_.end(), comes_before);
  if (found == list_.end() || (*found)->port != port || (*found)->address != address) return nullptr;
  return found->get();
}

void WatchedNextHops::forget_silence() const {
  for (const auto& hop : list_) hop->unanswered.store(0, std::memory_order_relaxed);
}

}  // namespace stillwater::dataplane
