// What a new session's source becomes.
#pragma once

#include <cstdint>
#include <optional>

#include <tl/expected.hpp>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/nat/nat_state.h"

namespace stillwater::dataplane {

struct SourceTranslation {
  NatEndpoint outside;     // the source itself, where nothing is translated
  bool took_port = false;  // with the packet in hand
  // Ports that its host has by it and had not: one, or a block that `outside` is of; 0: none, or not yet.
  std::uint16_t gave_ports = 0;
  std::uint32_t new_binding = NatState::kNone;  // made with the packet in hand
};

// `key` has the destination that the session goes to. One to one comes first, then the entries of source NAT;
// a binding that the source has is used (RFC 4787 REQ-1), else a port is taken, and bound where the entry
// says so: the source's own if it is free (REQ-3), in UDP rather one of its parity (REQ-4); where the entry
// gives blocks, of its host's. In a rehearsal nothing is taken. Errors: nat_ports_exhausted,
// nat_bindings_full, nat_host_limit, session_conflict (of a protocol without ports: each address has a
// session with that remote).
[[nodiscard]] tl::expected<SourceTranslation, DropReason> translate_source(Context& context,
                                                                           const region::FlowKey& key,
                                                                           PortIndex in, PortIndex out);
// Whether its host has all that it may, so that the source would not be translated: nat_host_limit. Takes
// nothing. In a rehearsal as above.
[[nodiscard]] std::optional<DropReason> refuses_host(Context& context, const region::FlowKey& key,
                                                     PortIndex in, PortIndex out);
// Gives back what was taken for a session that does not come to be.
void undo(Context& context, const SourceTranslation& source, std::uint8_t protocol);

}  // namespace stillwater::dataplane
