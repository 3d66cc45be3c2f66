#include "dataplane/datapath/look_ahead.h"

#include <rte_prefetch.h>

#include "dataplane/datapath/steering/steering.h"

namespace stillwater::dataplane {
namespace {

template <class Key>
void prefetch_sessions(const Sessions<Key>& sessions, std::span<const region::SessionMatch> found) {
  for (const region::SessionMatch& match : found) {
    if (!match) continue;
    sessions.prefetch_seen(match.slot);
    rte_prefetch0(&sessions.tcp_windows[match.slot]);
  }
}

// What of the burst is IPv6, found in one go; the others' places are left as they are.
void look_ahead6(const Sessions<region::FlowKey6>& sessions, std::span<const Received> burst,
                 Matches& expected) {
  std::array<region::FlowKey6, kLookAhead> keys;
  std::array<std::size_t, kLookAhead> places;
  Matches found;
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const auto flow = flow6_of(*burst[i].mbuf);
    if (!flow) continue;
    keys[count] = *flow;
    places[count++] = i;
  }
  sessions.find_burst({keys.data(), count}, {found.data(), count});
  prefetch_sessions(sessions, {found.data(), count});
  for (std::size_t i = 0; i < count; ++i) expected[places[i]] = found[i];
}

}  // namespace

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
  std::size_t others = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const auto flow = flow_of(*burst[i].mbuf);
    others += flow ? 0 : 1;
    keys[i] = flow.value_or(region::FlowKey{});
  }
  if (others != burst.size()) {
    state.sessions.find_burst({keys.data(), burst.size()}, expected);
    prefetch_sessions(state.sessions, {expected.data(), burst.size()});
  }
  if (others != 0) look_ahead6(state.sessions6, burst, expected);
}

}  // namespace stillwater::dataplane
