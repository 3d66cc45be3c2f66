#include "dataplane/datapath/requests.h"

#include <chrono>

namespace stillwater::dataplane {
namespace {

// Both tuples have both sides, one of them with its translation.
template <class Matches>
bool either_side(const region::Session& session, const Matches& matches) {
  const region::FlowKey& sent = session.forward;
  const region::FlowKey& answered = session.reply;
  return matches(sent.source_be, sent.source_port_be) ||
         matches(sent.destination_be, sent.destination_port_be) ||
         matches(answered.source_be, answered.source_port_be) ||
         matches(answered.destination_be, answered.destination_port_be);
}

}  // namespace

bool SessionFilter::matches(const region::Session& session, std::int64_t age_ns) const {
  if (protocol && *protocol != session.forward.protocol) return false;
  if (source && !source->has(session.forward.source_be)) return false;
  if (destination && !destination->has(session.forward.destination_be)) return false;
  if (address &&
      !either_side(session, [&](std::uint32_t side_be, std::uint16_t) { return address->has(side_be); }))
    return false;
  if (port_be &&
      !either_side(session, [&](std::uint32_t, std::uint16_t side_be) { return side_be == *port_be; }))
    return false;
  if (state && *state != session.state) return false;
  if (rule_id && *rule_id != session.rule_id) return false;
  if (interface && *interface != session.initiator_port && *interface != session.responder_port) return false;
  const auto age_s =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(age_ns)).count();
  return !min_age_s || (age_s >= 0 && static_cast<std::uint64_t>(age_s) >= *min_age_s);
}

bool BindingFilter::matches(const region::Binding& binding, std::uint8_t of_entry) const {
  const region::BindingKey &in = binding.internal, &out = binding.external;
  if (protocol && *protocol != out.protocol) return false;
  if (inside && !inside->has(in.address_be)) return false;
  if (outside && !outside->has(out.address_be)) return false;
  if (address && !address->has(in.address_be) && !address->has(out.address_be)) return false;
  if (port_be && *port_be != in.port_be && *port_be != out.port_be) return false;
  return !entry || *entry == of_entry;
}

}  // namespace stillwater::dataplane
