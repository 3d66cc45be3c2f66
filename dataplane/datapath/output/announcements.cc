#include "dataplane/datapath/output/announcements.h"

#include "dataplane/datapath/output/arp_frames.h"

namespace stillwater::dataplane {

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
    for (const std::uint32_t address_be : port.addresses_be) {
      rte_mbuf* frame = context.pool.make();
      if (frame == nullptr) return true;
      write_arp_request(*frame, port.mac, address_be, address_be);
      context.output.send_frame(index, frame);
    }
  }
  return true;
}

}  // namespace stillwater::dataplane
