#include "dataplane/datapath/icmp/icmp_errors.h"

#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/icmp/own_messages.h"

namespace stillwater::dataplane {

bool tells_sender(const Context& context, const Packet& packet, const IcmpError& error) {
  if (context.service.pipeline.tells_senders) return true;
  return packet.ip6 != nullptr &&
         (error.type == icmp6::kPacketTooBig || error.type == icmp6::kHopLimitExceeded.type);
}

void send_icmp_error(Context& context, const Packet& packet, const IcmpError& error) {
  const bool is_v4 = packet.ip != nullptr;
  if (!(is_v4 ? may_be_told_4(packet) : may_be_told_6(packet, error))) return;
  if (!context.error_limit.take(context.now)) return context.pool.count(DropReason::icmp_error_suppressed);
  is_v4 ? send_icmp4_error(context, packet, error) : send_icmp6_error(context, packet, error);
}

}  // namespace stillwater::dataplane
