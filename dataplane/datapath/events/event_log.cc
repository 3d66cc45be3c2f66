#include "dataplane/datapath/events/event_log.h"

#include <rte_byteorder.h>

#include "dataplane/datapath/session_state.h"

namespace stillwater::dataplane {
namespace {

LogEndpoint endpoint(std::uint32_t address_be, std::uint16_t port_be) {
  return {IpAddress::v4(address_be), rte_be_to_cpu_16(port_be)};
}

// It tells of a hard write, unless its kind says otherwise: that of this epoch.
LogRecord record_of(const Context& context, LogKind kind) {
  LogRecord record;
  record.depends_epoch = context.turn.epoch();
  record.at = context.now;
  record.kind = kind;
  return record;
}

bool wants_session(const Context& context, const region::Session& session) {
  switch (context.service.log.sessions) {
    case SessionLog::none:
      return false;
    case SessionLog::by_rule:
      return context.policy().rules().logs(session.rule_id);
    case SessionLog::all:
      return true;
  }
  return false;
}

LogRecord record_of(const Context& context, LogKind kind, const region::Session& session) {
  LogRecord record = record_of(context, kind);
  record.rule_id = session.rule_id;
  record.protocol = session.forward.protocol;
  record.in_port = session.initiator_port;
  record.out_port = session.responder_port;
  record.source = endpoint(session.forward.source_be, session.forward.source_port_be);
  record.destination = endpoint(session.forward.destination_be, session.forward.destination_port_be);
  record.translated_source = endpoint(session.reply.destination_be, session.reply.destination_port_be);
  record.translated_destination = endpoint(session.reply.source_be, session.reply.source_port_be);
  return record;
}

// A TCP session that was over is told as what ended it, whoever came to clear it away.
CloseReason reason_of(const Context& context, std::uint32_t slot, CloseReason why) {
  if (why != CloseReason::idle && why != CloseReason::replaced) return why;
  if (!is_closed(context.state.sessions.at(slot))) return why;
  return context.state.ended_by_reset[slot] ? CloseReason::rst : CloseReason::fin;
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

void write_session_opened(Context& context, std::uint32_t slot) {
  const region::Session& session = context.state.sessions.at(slot);
  if (wants_session(context, session))
    context.log->push(record_of(context, LogKind::session_opened, session));
}

void write_session_closed(Context& context, std::uint32_t slot, CloseReason why) {
  const region::Session& session = context.state.sessions.at(slot);
  if (!wants_session(context, session)) return;
  LogRecord record = record_of(context, LogKind::session_closed, session);
  record.reason = reason_of(context, slot, why);
  record.age = context.turn.now() - Nanos(session.created_ns);
  context.log->push(record);
}

// A refusal writes nothing that a successor could lack. An admission waits, as the session that it makes
// does: a successor that does not know of it will be asked again, and tell for itself.
void write_rule_matched(Context& context, const Packet& packet, PortIndex out_port, const Rule& rule) {
  if (!rule.log || !context.service.log.rules) return;
  LogRecord record = record_of(context, LogKind::rule_matched);
  if (rule.action != RuleAction::allow) record.depends_epoch = context.turn.depends_epoch();
  record.rule_id = rule.id;
  record.action = rule.action;
  record.protocol = packet.key.protocol;
  record.in_port = packet.in_port;
  record.out_port = out_port;
  record.source = endpoint(packet.key.source_be, packet.key.source_port_be);
  record.destination = endpoint(packet.key.destination_be, packet.key.destination_port_be);
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

}  // namespace stillwater::dataplane
