#include "dataplane/datapath/look_ahead.h"

#include <rte_prefetch.h>

#include "dataplane/datapath/steering/steering.h"

namespace stillwater::dataplane {

void prefetch(std::span<const Received> burst) {
  for (const Received& frame : burst) rte_prefetch0(rte_pktmbuf_mtod(frame.mbuf, void*));
}

void look_ahead(const State& state, std::span<const Received> burst, LookAhead& ahead) {
  prefetch(burst);
  for (std::size_t i = 0; i < burst.size(); ++i)
    if (!read_flow(*burst[i].mbuf, ahead.keys[i])) ahead.keys[i] = {};
  state.sessions.find_burst({ahead.keys.data(), burst.size()}, ahead.matches);
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (!ahead.matches[i]) continue;
    state.sessions.prefetch_seen(ahead.matches[i].slot);
    rte_prefetch0(&state.tcp_windows[ahead.matches[i].slot]);
  }
}

}  // namespace stillwater::dataplane
