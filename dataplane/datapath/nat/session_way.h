// Where a packet of no session goes, once its destination is translated.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/nat/nat_state.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

template <class Key>
struct BasicSessionWay {
  Key key{};  // the packet's, with the destination that the session goes to
  const Adjacency* route = nullptr;
  PortIndex out = 0;
  std::uint32_t binding = NatState::kNone;  // that it came in by
  bool turns_back = false;                  // from inside to an endpoint outside of us (RFC 4787 REQ-9)
  bool filtered = false;                    // it came to a binding, whose filtering refuses it (REQ-8)

  [[nodiscard]] bool translates_destination(const Key& packet) const { return !(key == packet); }
};

using SessionWay = BasicSessionWay<region::FlowKey>;

// None: the packet is for ourselves.
[[nodiscard]] std::optional<SessionWay> find_way(const Context& context, const Packet& packet);

// A packet that has got its source's endpoint outside, to another such endpoint, comes in again by the port
// where that one is: `own` is the route to it. It goes on here, or at the worker whose it is there.
[[nodiscard]] Verdict turn_back(Context& context, Packet& packet, const Adjacency& own);

// Whether a packet that goes there by a session has to be turned back.
[[nodiscard]] bool comes_in_again(const Context& context, const Packet& packet, const Adjacency& route,
                                  std::uint32_t destination_be);

}  // namespace stillwater::dataplane
