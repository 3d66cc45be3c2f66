// What the policy says of sessions: of new ones, and anew of those that an earlier generation admitted.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

struct PolicyAnswer {
  const Rule* rule = nullptr;  // that admits it; null: `refused` says what becomes of the packet
  Verdict refused{};
};

// Whether `packet` may open a session that rules know as `key` (the source as it came, the destination that
// it is for) and that leaves through `to`. Counts, and spends of the rule's limit. Where no rule matches a
// packet that came in by a NAT binding, whose filtering has let it in, it is admitted if the rules would let
// the binding's host speak to its sender; that spends nothing.
template <class Family>
[[nodiscard]] PolicyAnswer admit(Context& context, const Packet& packet, const typename Family::Key& key,
                                 PortIndex to, std::uint32_t binding);

template <class Key>
[[nodiscard]] bool is_of_policy(const Context& context, const region::BasicSession<Key>& session) {
  return session.config_generation == context.policy().generation();
}
// `packet` is the first of the session in `slot` under another generation than the one that admitted it.
// Where the rules admit it still, it goes on by the rule that does so now, once this is committed; limits do
// not count. Else it ends, and so does the packet, as said here.
template <class Family>
[[nodiscard]] std::optional<Verdict> admit_again(Context& context, const Packet& packet, std::uint32_t slot);

// What the rules of today say of a session that earlier ones admitted; 0: nothing of their own. Costs a look
// at the rules.
[[nodiscard]] std::uint32_t idle_timeout_anew_s(const Context& context, const region::Session& session);
[[nodiscard]] std::uint32_t idle_timeout_anew_s(const Context& context, const region::Session6& session);

}  // namespace stillwater::dataplane
