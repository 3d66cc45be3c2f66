#include "dataplane/datapath/nat/session_way.h"

#include <netinet/in.h>

#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/steering/exchange.h"

namespace stillwater::dataplane {
namespace {

using region::FlowKey;

// The worker in whose shard a binding of that endpoint outside would be.
bool binding_would_be_here(const Context& context, const FlowKey& key) {
  const unsigned workers = context.service.steering.workers();
  return workers == 1 || region::PortBitmap::Share::owner(rte_be_to_cpu_16(key.destination_port_be), workers,
                                                          context.service.nat.port_unit()) == context.worker;
}

// Something inside answers at this address of ours: a port forward, a 1:1 address, a binding. Of a binding at
// another worker that one knows; what it has not comes to its end there. An echo to a binding is for us (RFC
// 5508 REQ-7 asks for no more).
bool leads_inside(const Context& context, const FlowKey& key, PortIndex outside) {
  const NatTables& tables = context.service.nat;
  if (tables.translated_destination(outside, key)) return true;
  if (!has_ports(key.protocol) || !tables.is_pool_address(key.destination_be)) return false;
  return !binding_would_be_here(context, key) ||
         context.state.nat.find_outside(key.destination_be, key.destination_port_be, key.protocol) !=
             NatState::kNone;
}

// A host inside speaks to an endpoint outside of ours.
bool turns_back(const Context& context, const Packet& packet) {
  if (packet.turned_back) return false;
  const NatTables& tables = context.service.nat;
  if (tables.translated_destination(packet.in_port, packet.key)) return false;
  const PortIndex outside = packet.route->port;
  return tables.leaves_translated(packet.in_port, outside, packet.key.source_be) &&
         leads_inside(context, packet.key, outside);
}

FlowKey to_inside(const FlowKey& key, const region::BindingKey& inside) {
  FlowKey translated = key;
  translated.destination_be = inside.address_be;
  translated.destination_port_be = inside.port_be;
  if (key.protocol == IPPROTO_ICMP) translated.source_port_be = inside.port_be;
  return translated;
}

bool lets_in(const Context& context, std::uint32_t binding, const SourceNatEntry& entry,
             std::uint32_t remote_be) {
  switch (entry.filtering) {
    case NatFiltering::endpoint_independent:
      return true;
    case NatFiltering::address_dependent:
      return context.state.nat.knows_peer(binding, remote_be);
    case NatFiltering::address_and_port_dependent:
      return false;
  }
  return false;
}

// By the binding that has this endpoint outside.
std::optional<SessionWay> by_binding(const Context& context, const Packet& packet) {
  const NatState& nat = context.state.nat;
  const FlowKey& key = packet.key;
  const std::uint32_t found = nat.find_outside(key.destination_be, key.destination_port_be, key.protocol);
  if (found == NatState::kNone) return std::nullopt;
  const SourceNatEntry& entry = context.service.nat.entry_at(nat.entry_of(found));
  if (!entry.to.has(packet.in_port)) return std::nullopt;
  context.turn.depend_on(nat.at(found).changed_epoch);
  SessionWay way{.key = to_inside(key, nat.at(found).internal), .binding = found};
  way.filtered = !lets_in(context, found, entry, key.source_be);
  // An echo that nobody inside is to have is answered here, as if there were no binding.
  if (way.filtered && key.protocol == IPPROTO_ICMP) return std::nullopt;
  return way;
}

}  // namespace

std::optional<SessionWay> find_way(const Context& context, const Packet& packet) {
  if (packet.route->kind != Adjacency::Kind::local)
    return SessionWay{.key = packet.key, .route = packet.route, .out = packet.route->port};
  if (turns_back(context, packet))
    return SessionWay{
        .key = packet.key, .route = packet.route, .out = packet.route->port, .turns_back = true};
  std::optional<SessionWay> way;
  if (const auto translated = context.service.nat.translated_destination(packet.in_port, packet.key))
    way = SessionWay{.key = *translated};
  else
    way = by_binding(context, packet);
  if (!way) return std::nullopt;
  way->route = &context.fib().lookup(way->key.destination_be);
  way->out = way->route->port;
  return way;
}

Verdict turn_back(Context& context, Packet& packet, const Adjacency& own) {
  packet.in_port = own.port;
  packet.turned_back = true;
  packet.session = packet.expected = {};
  packet.route = &own;
  const Steering& steering = context.service.steering;
  const unsigned owner =
      steering.workers() == 1 ? context.worker : steering.owner(*packet.mbuf, &context.fib());
  if (owner == context.worker || owner >= steering.workers()) return Verdict::next(Node::session_lookup);
  if (context.rehearsal != nullptr) {
    context.rehearsal->goes_to_worker(owner);
    context.pool.agent().free(&packet.mbuf, 1);
    return Verdict::taken();
  }
  context.exchange->give(owner, {.mbuf = packet.mbuf,
                                 .port = packet.in_port,
                                 .copy = false,
                                 .turned_back = true,
                                 .depends_epoch = context.turn.depends_epoch()});
  return Verdict::taken();
}

bool comes_in_again(const Context& context, const Packet& packet, const Adjacency& route,
                    std::uint32_t destination_be) {
  return route.kind == Adjacency::Kind::local && !packet.turned_back &&
         context.service.nat.is_outside_address(destination_be);
}

}  // namespace stillwater::dataplane
