#include "dataplane/datapath/output/announcements.h"

#include "dataplane/datapath/output/arp_frames.h"
#include "dataplane/datapath/output/nd_frames.h"

namespace stillwater::dataplane {

namespace {

// RFC 4861 section 7.2.6.
void announce6(Context& context, PortIndex index, const IpAddress& address) {
  rte_mbuf* frame = context.pool.make();
  if (frame == nullptr) return;
  write_neighbour_advertisement(*frame, context.service.ports[index].mac, address, kAllNodes,
                                multicast_mac(kAllNodes), kOverrideFlag);
  context.output.send_frame(index, frame);
}

}  // namespace

void Announcements::begin(Instant now) {
  began_ = now;
  next_ = 0;
}

void Announcements::conflict(Instant now) {
  if (now - began_ >= kConflictPause) begin(now);
}

bool Announcements::emit_due(Context& context) {
  if (next_ == 0) began_ = context.now;
  if (context.now - began_ < kSchedule[next_]) return false;
  ++next_;
  for (PortIndex index = 0; index < context.service.ports.size(); ++index) {
    const ServicePort& port = context.service.ports[index];
    for (const std::uint32_t address_be : port.addresses_be)
      if (rte_mbuf* frame = context.pool.make()) {
        write_arp_request(*frame, port.mac, address_be, address_be);
        context.output.send_frame(index, frame);
      }
    if (!port.link_local.is_none()) announce6(context, index, port.link_local);
    for (const IpPrefix& subnet : port.subnets6) announce6(context, index, subnet.address);
  }
  return true;
}

}  // namespace stillwater::dataplane
