#include "dataplane/datapath/look_ahead.h"

#include <rte_prefetch.h>

#include "dataplane/datapath/steering/steering.h"

namespace stillwater::dataplane {

void prefetch(std::span<const Received> burst) {
  for (const Received& frame : burst) rte_prefetch0(rte_pktmbuf_mtod(frame.mbuf, void*));
}

void look_ahead(const State& state, std::span<const Received> burst, Matches& expected) {
  prefetch(burst);
  if (burst.size() < 2) {
    expected[0] = {};
    return;
  }
  std::array<region::FlowKey, kLookAhead> keys;
  for (std::size_t i = 0; i < burst.size(); ++i)
    keys[i] = flow_of(*burst[i].mbuf).value_or(region::FlowKey{});
  state.sessions.find_burst({keys.data(), burst.size()}, expected);
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (!expected[i]) continue;
    state.sessions.prefetch_seen(expected[i].slot);
    rte_prefetch0(&state.tcp_windows[expected[i].slot]);
  }
}

}  // namespace stillwater::dataplane
