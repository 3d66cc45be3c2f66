#include "dataplane/datapath/rehearsal/rehearsal.h"

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/fragments/segments.h"
#include "dataplane/datapath/icmp/icmp_errors.h"
#include "dataplane/datapath/output/tx_queues.h"

namespace stillwater::dataplane {
namespace {

std::optional<std::uint8_t> hops_of(const Packet& packet) {
  if (packet.ip != nullptr) return packet.ip->time_to_live;
  if (packet.ip6 != nullptr) return packet.ip6->hop_limits;
  return std::nullopt;
}

std::optional<std::uint8_t> hops_of(const rte_mbuf& frame) {
  const auto* ether = rte_pktmbuf_mtod(&frame, const rte_ether_hdr*);
  if (ether->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
    return reinterpret_cast<const rte_ipv4_hdr*>(ether + 1)->time_to_live;
  return reinterpret_cast<const rte_ipv6_hdr*>(ether + 1)->hop_limits;
}

std::uint32_t ip_bytes_of(const Packet& packet) {
  if (packet.ip != nullptr) return rte_be_to_cpu_16(packet.ip->total_length);
  if (packet.ip6 != nullptr)
    return rte_be_to_cpu_16(packet.ip6->payload_len) + std::uint32_t{sizeof(*packet.ip6)};
  return 0;
}

// The first that was counted.
std::optional<DropReason> reason_in(const DropCounts& drops) {
  for (std::size_t i = 0; i < drops.size(); ++i)
    if (drops[i] != 0) return static_cast<DropReason>(i);
  return std::nullopt;
}

}  // namespace

void Rehearsal::begin(Node node, const Packet& packet) {
  step_ =
      record_.steps_count < RehearsalRecord::kStepsMax ? &record_.steps[record_.steps_count++] : &scratch_;
  *step_ = {};
  giving_way_.reset();
  step_->node = node;
  step_->in_port = packet.in_port;
  step_->hops_before = hops_of(packet);
  step_->ip_bytes = ip_bytes_of(packet);
}

// Of a packet that was taken nothing is left to be looked at.
void Rehearsal::end(const Context& context, const Packet& packet, const Verdict& verdict) {
  step_->verdict = verdict;
  step_->in_port = packet.in_port;
  if (verdict.kind == Verdict::Kind::taken) return;
  step_->hops_after = hops_of(packet);
  if (step_->node == Node::ipv4_input && packet.route != nullptr)
    looked_up(IpAddress::v4(packet.ip->dst_addr), *packet.route,
              context.fib().find(packet.ip->dst_addr).count);
  if (step_->node == Node::ipv6_input && packet.route != nullptr) {
    const IpAddress destination = IpAddress::v6(packet.ip6->dst_addr);
    looked_up(destination, *packet.route, context.fib().find(destination).count);
  }
  if (verdict.kind != Verdict::Kind::next) return;
  const auto [slot, direction] = packet.session;
  if (step_->node == Node::session_lookup && verdict.node == Node::session_forward)
    of_session(context.state.sessions.at(slot), direction);
  if (step_->node == Node::session6_lookup && verdict.node == Node::session6_forward)
    of_session(context.state.sessions6.at(slot), direction);
}

void Rehearsal::conclude(Context& context, Packet& packet, const Verdict& verdict) {
  over_ = true;
  record_.end = verdict;
  switch (verdict.kind) {
    case Verdict::Kind::output:
      return leaves(context, packet);
    case Verdict::Kind::refuse:
      record_.sender =
          packet.ip != nullptr ? IpAddress::v4(packet.ip->src_addr) : IpAddress::v6(packet.ip6->src_addr);
      record_.tells_sender = tells_sender(context, packet, verdict.error);
      if (record_.tells_sender) send_icmp_error(context, packet, verdict.error);
      record_.over_limit =
          context.pool.drops()[static_cast<std::size_t>(DropReason::icmp_error_suppressed)] != 0;
      [[fallthrough]];
    case Verdict::Kind::drop:
      return context.pool.agent().free(&packet.mbuf, 1);
    case Verdict::Kind::taken:
      if (record_.frames_count == 0) record_.dropped = reason_in(context.pool.drops());
      return;
    case Verdict::Kind::next:
      return;
  }
}

void Rehearsal::leaves(Context& context, const Packet& packet) {
  if (!over_) step_->hops_after = hops_of(*packet.mbuf);
  const Output::Departure departure =
      context.output.departure(packet, context.turn.depends_epoch(), record_.frames_count);
  auto* ether = rte_pktmbuf_mtod(packet.mbuf, rte_ether_hdr*);
  ether->dst_addr = departure.mac.value_or(rte_ether_addr{});
  ether->src_addr = context.service.ports[packet.out_port].mac;
  keep(context, packet.mbuf,
       {.port = packet.out_port,
        .next_hop = packet.next_hop,
        .mac = departure.mac,
        .waits_for_commit = departure.waits_for_commit,
        .dropped = departure.dropped});
}

void Rehearsal::answers(Context& context, PortIndex port, rte_mbuf* frame) {
  keep(context, frame, {.port = port, .mac = rte_pktmbuf_mtod(frame, const rte_ether_hdr*)->dst_addr});
}

void Rehearsal::keep(Context& context, rte_mbuf* frame, RehearsedFrame about) {
  if (!TxQueues::put_tag(context.service.ports[about.port], frame)) about.dropped = DropReason::no_buffer;
  const std::uint32_t bytes = rte_pktmbuf_pkt_len(frame);
  if (record_.frames_count < RehearsalRecord::kFramesMax &&
      bytes <= RehearsalRecord::kBytesMax - record_.bytes_count) {
    about.at = record_.bytes_count;
    about.bytes = bytes;
    copy_bytes(*frame, 0, bytes, &record_.bytes[about.at]);
    record_.bytes_count += bytes;
    record_.frames[record_.frames_count++] = about;
  }
  context.pool.agent().free(&frame, 1);
}

void Rehearsal::ends(std::uint32_t slot) {
  step_->ends_session = true;
  ended_ = slot;
}

void Rehearsal::asked_rules(const Rule* rule) {
  step_->asked_rules = true;
  if (rule != nullptr) step_->rule = *rule;
}

void Rehearsal::bring_fragments(Context& context, const Packet& packet) {
  held_.copy_datagram_of(*packet.mbuf, packet.in_port, context.reassembly);
}

}  // namespace stillwater::dataplane
