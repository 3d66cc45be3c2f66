#include "dataplane/datapath/look_ahead.h"

#include <algorithm>

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
                 std::span<region::SessionMatch> matches) {
  std::array<region::FlowKey6, kLookAhead> keys;
  std::array<std::size_t, kLookAhead> places;
  std::array<region::SessionMatch, kLookAhead> found;
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const auto flow = flow6_of(*burst[i].mbuf);
    if (!flow) continue;
    keys[count] = *flow;
    places[count++] = i;
  }
  sessions.find_burst({keys.data(), count}, {found.data(), count});
  prefetch_sessions(sessions, {found.data(), count});
  for (std::size_t i = 0; i < count; ++i) matches[places[i]] = found[i];
}

}  // namespace

void prefetch(std::span<const Received> burst) {
  for (const Received& frame : burst) rte_prefetch0(rte_pktmbuf_mtod(frame.mbuf, void*));
}

void look_ahead(const State& state, std::span<const Received> burst, LookAhead& ahead) {
  prefetch(burst);
  std::size_t others = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (read_flow(*burst[i].mbuf, ahead.keys[i])) continue;
    ahead.keys[i] = {};
    ++others;
  }
  const std::span<region::SessionMatch> matches{ahead.matches.data(), burst.size()};
  if (others == burst.size())
    std::fill(matches.begin(), matches.end(), region::SessionMatch{});
  else
    state.sessions.find_burst({ahead.keys.data(), burst.size()}, matches);
  prefetch_sessions(state.sessions, matches);
  if (others != 0) look_ahead6(state.sessions6, burst, matches);
}

}  // namespace stillwater::dataplane
