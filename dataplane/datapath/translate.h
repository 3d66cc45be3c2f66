// Rewriting a packet's addresses and ports, with every checksum that covers them.
#pragma once

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/flow.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// The tuple that answers to packets of this direction arrive with.
[[nodiscard]] inline const region::FlowKey& answer_to(const region::Session& session,
                                                      region::Direction direction) {
  return direction == region::Direction::forward ? session.reply : session.forward;
}
// The tuple that a packet of this direction leaves with: what the other side's answer has, reversed.
[[nodiscard]] inline region::FlowKey tuple_after(const region::Session& session,
                                                 region::Direction direction) {
  return reversed(answer_to(session, direction));
}

// Gives the packet the tuple `after`; `packet.key` is what it has now. Checksums are updated incrementally.
void translate(Packet& packet, const region::FlowKey& after);
// The same of an IPv4 header and what follows it; `answer` is `after` reversed.
void translate(rte_ipv4_hdr& ip, std::uint8_t* l4, const region::FlowKey& before,
               const region::FlowKey& answer);

}  // namespace stillwater::dataplane
