#include <cstring>
#include <optional>

#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/link/learn.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/output/nd_frames.h"
#include "dataplane/datapath/output/send.h"

namespace stillwater::dataplane {
namespace {

// A solicitation or an advertisement (RFC 4861 sections 4.3 and 4.4).
struct Message {
  std::uint8_t type;
  bool solicited;
  bool overrides;
  IpAddress target;
  std::optional<rte_ether_addr> mac;  // of the sender or of the target: by the option that goes with the type
};

constexpr unsigned kMessageBytes = 24;

// False: an option of length 0, or past the end (RFC 4861 section 4.6).
bool read_options(const std::uint8_t* at, unsigned bytes, std::uint8_t wanted,
                  std::optional<rte_ether_addr>& mac) {
  while (bytes != 0) {
    if (bytes < 8) return false;
    const unsigned option_bytes = at[1] * 8u;
    if (option_bytes == 0 || option_bytes > bytes) return false;
    if (at[0] == wanted && !mac) {
      rte_ether_addr found;
      std::memcpy(&found, at + 2, sizeof(found));
      if (rte_is_unicast_ether_addr(&found) != 0 && rte_is_zero_ether_addr(&found) == 0) mac = found;
    }
    at += option_bytes;
    bytes -= option_bytes;
  }
  return true;
}

// None: it is to be dropped as malformed (RFC 4861 sections 7.1.1 and 7.1.2).
std::optional<Message> parse(const Packet& packet) {
  const rte_ipv6_hdr& ip = *packet.ip6;
  const std::uint8_t* at = packet.l4;
  const bool whole = packet.l4 == reinterpret_cast<const std::uint8_t*>(packet.ip6 + 1) &&
                     packet.l4_bytes == rte_be_to_cpu_16(ip.payload_len);
  if (!whole || packet.l4_bytes < kMessageBytes || ip.hop_limits != kLinkHopLimit || at[1] != 0)
    return std::nullopt;
  const IpAddress source = IpAddress::v6(ip.src_addr);
  const IpAddress destination = IpAddress::v6(ip.dst_addr);
  if (sum_icmp6(source, destination, at, packet.l4_bytes) != 0xffff) return std::nullopt;
  Message message{
      at[0], (at[4] & kSolicitedFlag) != 0, (at[4] & kOverrideFlag) != 0, IpAddress::v6(at + 8), {}};
  const bool asks = message.type == icmp6::kNeighbourSolicitation;
  const auto option = asks ? kSourceLinkOption : kTargetLinkOption;
  if (message.target.is_multicast() ||
      !read_options(at + kMessageBytes, packet.l4_bytes - kMessageBytes, option, message.mac))
    return std::nullopt;
  if (asks && source.is_none() && (message.mac || destination != solicited_node(message.target)))
    return std::nullopt;
  if (!asks && message.solicited && destination.is_multicast()) return std::nullopt;
  return message;
}

Verdict conflict(Context& context, const Packet& packet) {
  context.own_mac_elsewhere = !packet.copy;
  return Verdict::drop(DropReason::nd_conflict);
}

// RFC 4861 section 7.2.4; a node that checks whether our address is free (RFC 4862 section 5.4.3) tells
// everybody.
Verdict answer(Context& context, const Packet& packet, const Message& message) {
  const ServicePort& port = context.service.ports[packet.in_port];
  const IpAddress source = IpAddress::v6(packet.ip6->src_addr);
  const bool is_check = source.is_none();
  if (is_check) context.own_mac_elsewhere = true;
  rte_mbuf* frame = context.pool.make();
  if (frame != nullptr) {
    const rte_ether_addr to =
        is_check ? multicast_mac(kAllNodes) : message.mac.value_or(packet.ether()->src_addr);
    const auto flags = static_cast<std::uint8_t>(kOverrideFlag | (is_check ? 0 : kSolicitedFlag));
    write_neighbour_advertisement(*frame, port.mac, message.target, is_check ? kAllNodes : source, to, flags);
    send_frame(context, packet.in_port, frame);
  }
  rte_mbuf* question = packet.mbuf;
  context.pool.agent().free(&question, 1);
  return Verdict::taken();
}

Verdict solicited(Context& context, const Packet& packet, const Message& message) {
  const ServicePort& port = context.service.ports[packet.in_port];
  if (!port.owns6(message.target)) return Verdict::drop(DropReason::nd_not_for_us);
  const IpAddress source = IpAddress::v6(packet.ip6->src_addr);
  if (message.mac && port.on_link6(source)) learn(context, packet.in_port, source, *message.mac);
  return packet.copy ? Verdict::drop(DropReason::nd_done) : answer(context, packet, message);
}

// RFC 4861 section 7.2.5: word that was not asked for creates nothing, and changes what is known only if it
// says so.
Verdict advertised(Context& context, const Packet& packet, const Message& message) {
  const ServicePort& port = context.service.ports[packet.in_port];
  if (port.owns6(message.target)) return conflict(context, packet);
  const bool asked_for = is_asked_for(context, packet.in_port, message.target);
  const region::Neighbour* known = context.state.neighbours.find(packet.in_port, message.target);
  if (!asked_for && known == nullptr)
    return Verdict::drop(packet.copy ? DropReason::nd_done : DropReason::nd_unasked);
  const std::optional<rte_ether_addr> mac = message.mac ? message.mac : mac_of(known);
  const bool differs = known != nullptr && mac && !is_mac_of(*known, *mac);
  if (mac && (!differs || message.overrides)) learn(context, packet.in_port, message.target, *mac);
  return Verdict::drop(DropReason::nd_done);
}

}  // namespace

Verdict nd_input(Context& context, Packet& packet) {
  const std::uint8_t type = packet.l4[0];
  if (type != icmp6::kNeighbourSolicitation && type != icmp6::kNeighbourAdvertisement)
    return Verdict::drop(DropReason::not_served);
  const auto message = parse(packet);
  if (!message) return Verdict::drop(DropReason::nd_malformed);
  if (context.service.own.contains6(IpAddress::v6(packet.ip6->src_addr))) return conflict(context, packet);
  return type == icmp6::kNeighbourSolicitation ? solicited(context, packet, *message)
                                               : advertised(context, packet, *message);
}

}  // namespace stillwater::dataplane
