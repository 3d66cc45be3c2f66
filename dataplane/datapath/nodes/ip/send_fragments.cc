#include "dataplane/datapath/nodes/ip/send_fragments.h"

#include <rte_random.h>

#include "dataplane/datapath/fragments/fragment.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/output/send.h"

namespace stillwater::dataplane {
namespace {

std::optional<DropReason> cut(Context& context, const Packet& packet, std::uint16_t mtu,
                              Fragments& fragments) {
  if (packet.ip != nullptr) return fragment_ipv4(context.pool, *packet.mbuf, mtu, fragments);
  const auto identification = static_cast<std::uint32_t>(rte_rand());
  return fragment_ipv6(context.pool, *packet.mbuf, mtu, identification, fragments);
}

}  // namespace

Verdict send_fragments(Context& context, Packet& packet, std::uint16_t mtu) {
  if (packet.ip != nullptr && !may_be_cut(*packet.ip))
    return Verdict::refuse(DropReason::too_big, icmp4::fragmentation_needed(mtu));
  Fragments fragments;
  if (const auto why = cut(context, packet, mtu, fragments)) return Verdict::drop(*why);
  Packet piece = packet;
  for (rte_mbuf* frame : fragments) {
    piece.mbuf = frame;
    send(context, piece);
  }
  context.pool.agent().free(&packet.mbuf, 1);
  return Verdict::taken();
}

}  // namespace stillwater::dataplane
