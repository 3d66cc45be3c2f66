// Steps of walks over a worker's tables, between two turns.
#include <rte_byteorder.h>

#include "dataplane/datapath/worker.h"

namespace stillwater::dataplane {
namespace {

RowEndpoint endpoint(std::uint32_t address_be, std::uint16_t port_be) {
  return {IpAddress::v4(address_be), rte_be_to_cpu_16(port_be)};
}

SessionRow row_of(const region::Session& session, std::uint32_t idle_s, std::int64_t age_ns) {
  const region::FlowKey &sent = session.forward, &answered = session.reply;
  return {.source = endpoint(sent.source_be, sent.source_port_be),
          .destination = endpoint(sent.destination_be, sent.destination_port_be),
          .translated_source = endpoint(answered.destination_be, answered.destination_port_be),
          .translated_destination = endpoint(answered.source_be, answered.source_port_be),
          .changed_epoch = session.changed_epoch,
          .age_ns = age_ns,
          .idle_s = idle_s,
          .rule_id = session.rule_id,
          .protocol = sent.protocol,
          .state = session.state};
}

BindingRow row_of(const region::Binding& binding, std::uint8_t entry, std::uint32_t block_size) {
  const RowEndpoint outside = endpoint(binding.external.address_be, binding.external.port_be);
  const auto first = static_cast<std::uint16_t>(block_size != 0 ? outside.port & ~(block_size - 1) : 0);
  return {.inside = endpoint(binding.internal.address_be, binding.internal.port_be),
          .outside = outside,
          .changed_epoch = binding.changed_epoch,
          .sessions = binding.sessions,
          .block_first = first,
          .block_ports = static_cast<std::uint16_t>(block_size),
          .protocol = binding.external.protocol,
          .entry = entry};
}

}  // namespace

void Worker::serve(SessionQuery& query) {
  const region::SessionTable& sessions = setup_.state.sessions;
  const auto age_ns = [&](std::uint32_t slot) { return turn_.now().count() - sessions.at(slot).created_ns; };
  const auto matches = [&](std::uint32_t slot) {
    const region::Session& session = sessions.at(slot);
    return session.state != region::SessionState::free && query.filter.matches(session, age_ns(slot));
  };
  walk(query, sessions.slots_touched(), matches, [&](std::uint32_t slot, std::uint32_t row) {
    if (query.act == WalkAct::end)
      end_session(context_, slot, CloseReason::cleared);
    else if (query.act == WalkAct::copy)
      query.rows[row] =
          row_of(sessions.at(slot), ageing_.idle_s(sessions, slot, turn_.now_s()), age_ns(slot));
  });
}

void Worker::serve(BindingQuery& query) {
  const NatState& nat = setup_.state.nat;
  const NatTables& tables = setup_.service.nat;
  const auto matches = [&](std::uint32_t slot) {
    return nat.is_binding(slot) && query.filter.matches(nat.at(slot), nat.entry_of(slot));
  };
  walk(query, nat.slots_touched(), matches, [&](std::uint32_t slot, std::uint32_t row) {
    if (query.act != WalkAct::copy) return;
    const std::uint8_t entry = nat.entry_of(slot);
    query.rows[row] = row_of(nat.at(slot), entry, tables.entry_at(entry).block_size);
  });
}

}  // namespace stillwater::dataplane
