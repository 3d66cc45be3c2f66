// How the nodes are put together as `function` says.
#pragma once

#include "dataplane/config.h"
#include "dataplane/datapath/graph/node.h"

namespace stillwater::dataplane {

// What of the graph a function uses: the nodes that follow a checked IP header.
struct Pipeline {
  Node ipv4;
  Node ipv6;
  bool has_ipv6;       // else its frames are of an unknown ethertype
  bool tells_senders;  // ICMP errors about packets that are refused
  bool has_sessions;   // a packet goes to the worker of its session, else any worker may have it
};

[[nodiscard]] constexpr Pipeline pipeline_of(Function function) {
  switch (function) {
    case Function::router:
      return {Node::ipv4_route, Node::ipv6_route, true, true, false};
    case Function::firewall:
      break;
  }
  return {Node::session_lookup, Node::session_lookup, false, false, true};
}

}  // namespace stillwater::dataplane
