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
  bool tells_senders;  // ICMP errors about packets that are refused (icmp/icmp_errors.h)
  bool has_sessions;   // a packet goes to the worker of its session, else any worker may have it
};

[[nodiscard]] inline Pipeline pipeline_of(const Config& config) {
  const bool has_ipv6 = serves_ipv6(config);
  switch (config.function) {
    case Function::router:
      return {Node::ipv4_route, Node::ipv6_route, has_ipv6, true, false};
    case Function::firewall:
      break;
  }
  return {Node::session_lookup, Node::session6_lookup, has_ipv6, false, true};
}

}  // namespace stillwater::dataplane
