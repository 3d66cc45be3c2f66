// What nodes tell the logs. Each costs one branch where nothing is to be logged. A rehearsal has no log: it
// tells what would happen, and a log tells what did.
#pragma once

#include <cstdint>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/events/log_ring.h"

namespace stillwater::dataplane {

// All on the worker's thread, inside its turn. Whether the configuration asks for the kind, they find out.
template <class Family>
void write_session_opened(Context& context, std::uint32_t slot);
template <class Family>
void write_session_closed(Context& context, std::uint32_t slot, CloseReason why);
void write_translation(Context& context, const region::Session& session, std::uint16_t ports);
void write_freed(Context& context, const region::Session& session, const NatState::Freed& freed);
template <class Family>
void write_rule_matched(Context& context, const Packet& packet, PortIndex out_port, const Rule& rule);

// The session in that slot is whole.
template <class Family>
void log_session_opened(Context& context, std::uint32_t slot) {
  if (__builtin_expect(context.log != nullptr, 0)) write_session_opened<Family>(context, slot);
}
// The session in that slot is about to be erased.
template <class Family>
void log_session_closed(Context& context, std::uint32_t slot, CloseReason why) {
  if (__builtin_expect(context.log != nullptr, 0)) write_session_closed<Family>(context, slot, why);
}
// With the session its initiator has got the endpoint that it has outside, or the block of so many ports that
// this one is of; 0: neither, it had them.
inline void log_given(Context& context, const region::Session& session, std::uint16_t ports) {
  if (__builtin_expect(context.log != nullptr, 0) && ports != 0) write_translation(context, session, ports);
}
// What `session`, which is about to be erased, leaves behind.
inline void log_freed(Context& context, const region::Session& session, const NatState::Freed& freed) {
  if (__builtin_expect(context.log != nullptr, 0)) write_freed(context, session, freed);
}
template <class Family>
void log_rule_matched(Context& context, const Packet& packet, PortIndex out_port, const Rule& rule) {
  if (__builtin_expect(context.log != nullptr, 0))
    write_rule_matched<Family>(context, packet, out_port, rule);
}

}  // namespace stillwater::dataplane
