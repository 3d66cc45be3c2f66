#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

Verdict ipv6_forward(Context& context, Packet& packet) {
  return forward_ipv6(context, packet, *packet.route);
}

}  // namespace stillwater::dataplane
