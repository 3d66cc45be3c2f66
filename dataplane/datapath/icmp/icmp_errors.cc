#include "dataplane/datapath/icmp/icmp_errors.h"

#include "dataplane/datapath/icmp/own_messages.h"

namespace stillwater::dataplane {

void send_icmp_error(Context& context, const Packet& packet, const IcmpError& error) {
  const bool is_v4 = packet.ip != nullptr;
  if (!(is_v4 ? may_be_told_4(packet) : may_be_told_6(packet, error))) return;
  if (!context.error_limit.take(context.now)) return context.pool.count(DropReason::icmp_error_suppressed);
  is_v4 ? send_icmp4_error(context, packet, error) : send_icmp6_error(context, packet, error);
}

}  // namespace stillwater::dataplane
