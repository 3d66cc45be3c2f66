#include "dataplane/datapath/events/event_log.h"

#include <rte_byteorder.h>

#include "dataplane/datapath/family.h"
#include "dataplane/datapath/session_state.h"

namespace stillwater::dataplane {
namespace {

template <class Address>
LogEndpoint endpoint(const Address& address, std::uint16_t port_be) {
  return {address_of(address), rte_be_to_cpu_16(port_be)};
}

// It tells of a hard write, unless its kind says otherwise: that of this epoch.
LogRecord record_of(const Context& context, LogKind kind) {
  LogRecord record;
  record.depends_epoch = context.turn.epoch();
  record.at = context.now;
  record.kind = kind;
  return record;
}

bool wants_session(const Context& context, std::uint32_t rule_id) {
  switch (context.service.log.sessions) {
    case SessionLog::none:
      return false;
    case SessionLog::by_rule:
      return context.policy().rules().logs(rule_id);
    case SessionLog::all:
      return true;
  }
  return false;
}

template <class Key>
LogRecord record_of(const Context& context, LogKind kind, const region::BasicSession<Key>& session) {
  const Key& forward = session.forward;
  const Key& reply = session.reply;
  LogRecord record = record_of(context, kind);
  record.rule_id = session.rule_id;
  record.protocol = forward.protocol;
  record.in_port = session.initiator_port;
  record.out_port = session.responder_port;
  record.source = endpoint(source_of(forward), forward.source_port_be);
  record.destination = endpoint(destination_of(forward), forward.destination_port_be);
  record.translated_source = endpoint(destination_of(reply), reply.destination_port_be);
  record.translated_destination = endpoint(source_of(reply), reply.source_port_be);
  return record;
}

// A TCP session that was over is told as what ended it, whoever came to clear it away.
template <class Key>
CloseReason reason_of(const Sessions<Key>& sessions, std::uint32_t slot, CloseReason why) {
  if (why != CloseReason::idle && why != CloseReason::replaced) return why;
  if (!is_closed(sessions.at(slot))) return why;
  return sessions.ended_by_reset[slot] ? CloseReason::rst : CloseReason::fin;
}

// A binding, or the block of `ports` ports that its external one is of (RFC 6888 REQ-14).
struct LoggedBinding {
  std::uint8_t protocol;
  LogEndpoint internal;
  LogEndpoint external;
  PortIndex in_port;
  PortIndex out_port;
  std::uint16_t ports = 1;
};

void write_binding(Context& context, LogKind kind, const LoggedBinding& binding) {
  if (!context.service.log.translations) return;
  LogRecord record = record_of(context, kind);
  record.protocol = binding.protocol;
  record.in_port = binding.in_port;
  record.out_port = binding.out_port;
  record.source = binding.internal;
  record.translated_source = binding.external;
  record.ports = binding.ports;
  if (binding.ports > 1) {  // a power of two, and a host's, whatever its endpoint
    record.source.port = 0;
    record.translated_source.port &= static_cast<std::uint16_t>(~(binding.ports - 1u));
  }
  context.log->push(record);
}

}  // namespace

template <class Family>
void write_session_opened(Context& context, std::uint32_t slot) {
  const auto& session = Family::sessions(context.state).at(slot);
  if (wants_session(context, session.rule_id))
    context.log->push(record_of(context, LogKind::session_opened, session));
}

template <class Family>
void write_session_closed(Context& context, std::uint32_t slot, CloseReason why) {
  const auto& sessions = Family::sessions(context.state);
  const auto& session = sessions.at(slot);
  if (!wants_session(context, session.rule_id)) return;
  LogRecord record = record_of(context, LogKind::session_closed, session);
  record.reason = reason_of(sessions, slot, why);
  record.age = context.turn.now() - Nanos(session.created_ns);
  context.log->push(record);
}

// A refusal writes nothing that a successor could lack. An admission waits, as the session that it makes
// does: a successor that does not know of it will be asked again, and tell for itself.
template <class Family>
void write_rule_matched(Context& context, const Packet& packet, PortIndex out_port, const Rule& rule) {
  if (!rule.log || !context.service.log.rules) return;
  LogRecord record = record_of(context, LogKind::rule_matched);
  if (rule.action != RuleAction::allow) record.depends_epoch = context.turn.depends_epoch();
  record.rule_id = rule.id;
  record.action = rule.action;
  const typename Family::Key& key = Family::key(packet);
  record.protocol = key.protocol;
  record.in_port = packet.in_port;
  record.out_port = out_port;
  record.source = endpoint(source_of(key), key.source_port_be);
  record.destination = endpoint(destination_of(key), key.destination_port_be);
  context.log->push(record);
}

void write_translation(Context& context, const region::Session& session, std::uint16_t ports) {
  write_binding(context, LogKind::binding_created,
                {.protocol = session.forward.protocol,
                 .internal = endpoint(session.forward.source_be, session.forward.source_port_be),
                 .external = endpoint(session.reply.destination_be, session.reply.destination_port_be),
                 .in_port = session.initiator_port,
                 .out_port = session.responder_port,
                 .ports = ports});
}

void write_freed(Context& context, const region::Session& session, const NatState::Freed& freed) {
  const auto write = [&](const std::optional<NatState::Bound>& bound, PortIndex in, PortIndex out) {
    if (!bound || bound->ports == 0) return;
    write_binding(context, LogKind::binding_freed,
                  {.protocol = session.forward.protocol,
                   .internal = endpoint(bound->inside.address_be, bound->inside.port_be),
                   .external = endpoint(bound->outside.address_be, bound->outside.port_be),
                   .in_port = in,
                   .out_port = out,
                   .ports = bound->ports});
  };
  write(freed.initiators, session.initiator_port, session.responder_port);
  write(freed.responders, session.responder_port, session.initiator_port);
}

template void write_session_opened<Ipv4>(Context&, std::uint32_t);
template void write_session_opened<Ipv6>(Context&, std::uint32_t);
template void write_session_closed<Ipv4>(Context&, std::uint32_t, CloseReason);
template void write_session_closed<Ipv6>(Context&, std::uint32_t, CloseReason);
template void write_rule_matched<Ipv4>(Context&, const Packet&, PortIndex, const Rule&);
template void write_rule_matched<Ipv6>(Context&, const Packet&, PortIndex, const Rule&);

}  // namespace stillwater::dataplane
