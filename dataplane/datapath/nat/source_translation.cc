#include "dataplane/datapath/nat/source_translation.h"

#include <algorithm>
#include <optional>

#include <netinet/in.h>

#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::FlowKey;
using Translated = tl::expected<SourceTranslation, DropReason>;

// RFC 4787 REQ-2: an address inside is always seen as the same one. Neighbours spread over the pool.
std::size_t place_in_pool(const SourceNatEntry& entry, std::uint32_t source_be) {
  return rte_be_to_cpu_32(source_be) % entry.pool.size();
}

// In a rehearsal: one that the packet in hand has ended, or that gives way to it. Both are in the table
// still.
template <class Is>
const region::Session* find_leaving(const Context& context, const Is& is) {
  if (context.rehearsal == nullptr) return nullptr;
  for (const auto& slot : {context.rehearsal->ended(), context.rehearsal->giving_way()})
    if (slot && is(context.state.sessions.at(*slot))) return &context.state.sessions.at(*slot);
  return nullptr;
}

// That a session which leaves would have given back: it may be taken anew where nobody's commit is awaited.
std::optional<NatState::Leaving> leaving_port(const Context& context, std::uint8_t protocol,
                                              std::uint32_t address_be) {
  const region::Session* leaving = find_leaving(context, [&](const region::Session& session) {
    return session.forward.protocol == protocol && session.reply.destination_be == address_be &&
           context.state.nat.would_free_port(session);
  });
  if (leaving == nullptr) return std::nullopt;
  return NatState::Leaving{leaving->reply.destination_port_be,
                           context.turn.epoch() <= context.turn.committed()};
}
std::optional<std::uint16_t> freed_port(const Context& context, std::uint8_t protocol,
                                        std::uint32_t address_be) {
  const auto leaving = leaving_port(context, protocol, address_be);
  return leaving && leaving->is_free ? std::optional(leaving->port_be) : std::nullopt;
}

bool has_room_for_binding(const Context& context) {
  const NatState& nat = context.state.nat;
  const auto frees = [&](const region::Session& session) { return nat.would_free_port(session); };
  return nat.has_room_for_binding() || find_leaving(context, frees) != nullptr;
}

// The binding that the source has; `ends`: that it goes with a session which leaves.
struct Known {
  std::uint32_t binding;
  bool ends;
};
Known binding_of(const Context& context, const FlowKey& key, std::uint8_t entry) {
  const NatState& nat = context.state.nat;
  const std::uint32_t binding = nat.find_inside(entry, key.source_be, key.source_port_be, key.protocol);
  if (binding == NatState::kNone) return {binding, false};
  const auto is_last = [&](const region::Session& session) { return nat.is_last_of(session, binding); };
  return {binding, find_leaving(context, is_last) != nullptr};
}

// Of the source's parity in UDP, and such that answers are delivered to this worker.
auto preferred(const Context& context, const FlowKey& key, std::uint32_t address_be) {
  return [&context, &key, address_be](std::uint16_t port_be) {
    const Steering& steering = context.service.steering;
    const auto differ = static_cast<std::uint16_t>(port_be ^ key.source_port_be);
    if (key.protocol == IPPROTO_UDP && (rte_be_to_cpu_16(differ) & 1) != 0) return false;
    if (steering.workers() == 1) return true;
    FlowKey reply = reversed(key);
    reply.destination_be = address_be;
    reply.destination_port_be = port_be;
    return steering.delivered_to(reply) == context.worker;
  };
}

std::optional<std::uint16_t> find_port_for(Context& context, const FlowKey& key, const SourceNatEntry& entry,
                                           std::uint32_t pool, std::uint32_t address_be) {
  const auto prefers = preferred(context, key, address_be);
  NatState& nat = context.state.nat;
  if (context.rehearsal != nullptr)
    return nat.find_port_for(context.turn, pool, key.protocol, entry.ports, key.source_port_be, prefers,
                             freed_port(context, key.protocol, address_be));
  return nat.take_port(context.turn, pool, key.protocol, entry.ports, key.source_port_be, prefers);
}

// Addresses alone: the first one, from the paired one on, that has no such session with the remote.
Translated translate_address(const Context& context, const FlowKey& key, const SourceNatEntry& entry) {
  const std::size_t first = place_in_pool(entry, key.source_be);
  constexpr std::size_t kTriesMax = 16;
  for (std::size_t i = 0; i < std::min(kTriesMax, entry.pool.size()); ++i) {
    const std::uint32_t pool = entry.pool[(first + i) % entry.pool.size()];
    FlowKey reply = reversed(key);
    reply.destination_be = rte_cpu_to_be_32(context.service.nat.pool_addresses()[pool]);
    if (!context.state.sessions.find(reply))
      return SourceTranslation{.outside = {reply.destination_be, reply.destination_port_be}};
  }
  return tl::unexpected(DropReason::session_conflict);
}

NatState::BlockAsk block_ask(const Context& context, const FlowKey& key, const SourceNatEntry& entry) {
  return {.pool = entry.pool[place_in_pool(entry, key.source_be)],
          .protocol = key.protocol,
          .owner = {key.source_be, context.service.nat.index_of(entry)},
          .ports = entry.ports,
          .wanted_be = key.source_port_be};
}

Translated take_block_port(Context& context, const FlowKey& key, const SourceNatEntry& entry,
                           std::uint32_t address_be) {
  NatState& nat = context.state.nat;
  const bool rehearses = context.rehearsal != nullptr;
  const NatState::BlockAsk ask = block_ask(context, key, entry);
  const auto prefers = preferred(context, key, address_be);
  const auto found = rehearses ? nat.find_block_port(context.turn, ask, prefers,
                                                     leaving_port(context, key.protocol, address_be))
                               : nat.take_block_port(context.turn, ask, prefers);
  if (!found) return tl::unexpected(found.error());
  return SourceTranslation{
      .outside = {address_be, found->port_be},
      .took_port = !rehearses,
      .gave_ports = found->begins_block ? static_cast<std::uint16_t>(entry.block_size) : std::uint16_t{0}};
}

Translated take_single_port(Context& context, const FlowKey& key, const SourceNatEntry& entry,
                            std::uint32_t pool, std::uint32_t address_be) {
  const auto port = find_port_for(context, key, entry, pool, address_be);
  if (!port) return tl::unexpected(DropReason::nat_ports_exhausted);
  return SourceTranslation{
      .outside = {address_be, *port}, .took_port = context.rehearsal == nullptr, .gave_ports = 1};
}

Translated take_port(Context& context, const FlowKey& key, const SourceNatEntry& entry) {
  const std::uint32_t pool = entry.pool[place_in_pool(entry, key.source_be)];
  const std::uint32_t address_be = rte_cpu_to_be_32(context.service.nat.pool_addresses()[pool]);
  auto taken = entry.block_size != 0 ? take_block_port(context, key, entry, address_be)
                                     : take_single_port(context, key, entry, pool, address_be);
  if (!taken && taken.error() == DropReason::nat_ports_exhausted && context.rehearsal == nullptr)
    context.state.nat.note_refused(pool, key.protocol);
  return taken;
}

Translated bind_source(Context& context, const FlowKey& key, const SourceNatEntry& entry) {
  if (entry.mapping == NatMapping::per_session) return take_port(context, key, entry);
  NatState& nat = context.state.nat;
  const std::uint8_t index = context.service.nat.index_of(entry);
  const auto [known, ends] = binding_of(context, key, index);
  if (known != NatState::kNone && !ends) {
    const region::Binding& binding = nat.at(known);
    context.turn.depend_on(binding.changed_epoch);
    return SourceTranslation{.outside = {binding.external.address_be, binding.external.port_be}};
  }
  if (!has_room_for_binding(context)) return tl::unexpected(DropReason::nat_bindings_full);
  if (!nat.host_may_bind(index, key.source_be, ends ? 1 : 0))
    return tl::unexpected(DropReason::nat_host_limit);
  auto source = take_port(context, key, entry);
  if (!source || context.rehearsal != nullptr) return source;
  source->new_binding = nat.open_binding(context.turn, index, key, source->outside);
  return source;
}

}  // namespace

Translated translate_source(Context& context, const FlowKey& key, PortIndex in, PortIndex out) {
  const NatTables& tables = context.service.nat;
  const SourceTranslation unchanged{.outside = {key.source_be, key.source_port_be}};
  if (tables.empty()) return unchanged;
  if (const auto address_be = tables.static_source(out, key.source_be))
    return SourceTranslation{.outside = {*address_be, key.source_port_be}};
  const SourceNatEntry* entry = tables.source_entry(in, out, key.source_be);
  if (entry == nullptr) return unchanged;
  return has_nat_ports(key.protocol) ? bind_source(context, key, *entry)
                                     : translate_address(context, key, *entry);
}

std::optional<DropReason> refuses_host(Context& context, const FlowKey& key, PortIndex in, PortIndex out) {
  const NatTables& tables = context.service.nat;
  if (tables.empty() || !has_nat_ports(key.protocol) || tables.static_source(out, key.source_be))
    return std::nullopt;
  const SourceNatEntry* entry = tables.source_entry(in, out, key.source_be);
  if (entry == nullptr || entry->mapping == NatMapping::per_session) return std::nullopt;
  NatState& nat = context.state.nat;
  const std::uint8_t index = tables.index_of(*entry);
  const auto [known, ends] = binding_of(context, key, index);
  if (known != NatState::kNone && !ends) return std::nullopt;
  if (!nat.host_may_bind(index, key.source_be, ends ? 1 : 0)) return DropReason::nat_host_limit;
  if (entry->block_size == 0) return std::nullopt;
  const NatState::BlockAsk ask = block_ask(context, key, *entry);
  const std::uint32_t address_be = rte_cpu_to_be_32(tables.pool_addresses()[ask.pool]);
  const auto found = nat.find_block_port(
      context.turn, ask, [](std::uint16_t) { return true; }, leaving_port(context, key.protocol, address_be));
  return !found && found.error() == DropReason::nat_host_limit ? std::optional(found.error()) : std::nullopt;
}

void undo(Context& context, const SourceTranslation& source, std::uint8_t protocol) {
  NatState& nat = context.state.nat;
  if (source.new_binding != NatState::kNone) nat.undo_binding(context.turn, source.new_binding);
  if (source.took_port) nat.undo_port(context.turn, source.outside, protocol);
}

}  // namespace stillwater::dataplane
