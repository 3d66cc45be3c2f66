#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/nodes/ip/flow_choice.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

Verdict ipv4_input(Context& context, Packet& packet) {
  if (const auto why = parse_ipv4(packet)) return Verdict::drop(*why);
  packet.route = &choose(context.fib().find(packet.ip->dst_addr), *packet.mbuf);
  return Verdict::next(context.service.pipeline.ipv4);
}

}  // namespace stillwater::dataplane
