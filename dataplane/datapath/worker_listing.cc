// Steps of walks over a worker's tables, between two turns.
#include <rte_byteorder.h>

#include "dataplane/datapath/worker.h"

namespace stillwater::dataplane {
namespace {

RowEndpoint endpoint(const IpAddress& address, std::uint16_t port_be) {
  return {address, rte_be_to_cpu_16(port_be)};
}

template <class Key>
SessionRow row_of(const region::BasicSession<Key>& session, std::uint32_t idle_s, std::int64_t age_ns) {
  const Flow sent = as_flow(session.forward), answered = as_flow(session.reply);
  const RowEndpoint source = endpoint(sent.source, sent.source_port_be);
  const RowEndpoint destination = endpoint(sent.destination, sent.destination_port_be);
  return {.source = source,
          .destination = destination,
          .translated_source = has_other_source(sent, answered)
                                   ? endpoint(answered.destination, answered.destination_port_be)
                                   : source,
          .translated_destination = has_other_destination(sent, answered)
                                        ? endpoint(answered.source, answered.source_port_be)
                                        : destination,
          .changed_epoch = session.changed_epoch,
          .age_ns = age_ns,
          .idle_s = idle_s,
          .rule_id = session.rule_id,
          .protocol = sent.protocol,
          .state = session.state};
}

BindingRow row_of(const region::Binding& binding, std::uint8_t entry, std::uint32_t block_size) {
  const RowEndpoint outside = endpoint(address_of(binding.external.address_be), binding.external.port_be);
  const auto first = static_cast<std::uint16_t>(block_size != 0 ? outside.port & ~(block_size - 1) : 0);
  return {.inside = endpoint(address_of(binding.internal.address_be), binding.internal.port_be),
          .outside = outside,
          .changed_epoch = binding.changed_epoch,
          .sessions = binding.sessions,
          .block_first = first,
          .block_ports = static_cast<std::uint16_t>(block_size),
          .protocol = binding.external.protocol,
          .entry = entry};
}

}  // namespace

void Worker::serve(SessionQuery& query) { query.table == 0 ? serve(query, ageing_) : serve(query, ageing6_); }

template <class Family>
void Worker::serve(SessionQuery& query, const Ageing<Family>& ageing) {
  const auto& sessions = Family::sessions(setup_.state);
  const auto age_ns = [&](std::uint32_t slot) { return turn_.now().count() - sessions.at(slot).created_ns; };
  const auto matches = [&](std::uint32_t slot) {
    const auto& session = sessions.at(slot);
    return session.state != region::SessionState::free && query.filter.matches(session, age_ns(slot));
  };
  walk(query, sessions.slots_touched(), matches, [&](std::uint32_t slot, std::uint32_t row) {
    if (query.act == WalkAct::end)
      end_session<Family>(context_, slot, CloseReason::cleared);
    else if (query.act == WalkAct::copy)
      query.rows[row] = row_of(sessions.at(slot), ageing.idle_s(sessions, slot, turn_.now_s()), age_ns(slot));
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
