#include "dataplane/datapath/requests.h"

#include <chrono>

namespace stillwater::dataplane {
namespace {

// Both tuples have both sides, one of them with its translation.
template <class Key, class Matches>
bool either_side(const region::BasicSession<Key>& session, const Matches& matches) {
  const Key& sent = session.forward;
  const Key& answered = session.reply;
  return matches(source_of(sent), sent.source_port_be) ||
         matches(destination_of(sent), sent.destination_port_be) ||
         matches(source_of(answered), answered.source_port_be) ||
         matches(destination_of(answered), answered.destination_port_be);
}

}  // namespace

template <class Key>
bool SessionFilter::matches(const region::BasicSession<Key>& session, std::int64_t age_ns) const {
  if (protocol && *protocol != session.forward.protocol) return false;
  if (source && !source->contains(address_of(source_of(session.forward)))) return false;
  if (destination && !destination->contains(address_of(destination_of(session.forward)))) return false;
  const auto is_there = [&](const auto& side, std::uint16_t) { return address->contains(address_of(side)); };
  if (address && !either_side(session, is_there)) return false;
  const auto has_port = [&](const auto&, std::uint16_t side_be) { return side_be == *port_be; };
  if (port_be && !either_side(session, has_port)) return false;
  if (state && *state != session.state) return false;
  if (rule_id && *rule_id != session.rule_id) return false;
  if (interface && *interface != session.initiator_port && *interface != session.responder_port) return false;
  const auto age_s =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(age_ns)).count();
  return !min_age_s || (age_s >= 0 && static_cast<std::uint64_t>(age_s) >= *min_age_s);
}

template bool SessionFilter::matches(const region::Session&, std::int64_t) const;
template bool SessionFilter::matches(const region::Session6&, std::int64_t) const;

bool BindingFilter::matches(const region::Binding& binding, std::uint8_t of_entry) const {
  const region::BindingKey &in = binding.internal, &out = binding.external;
  const IpAddress in_address = address_of(in.address_be), out_address = address_of(out.address_be);
  if (protocol && *protocol != out.protocol) return false;
  if (inside && !inside->contains(in_address)) return false;
  if (outside && !outside->contains(out_address)) return false;
  if (address && !address->contains(in_address) && !address->contains(out_address)) return false;
  if (port_be && *port_be != in.port_be && *port_be != out.port_be) return false;
  return !entry || *entry == of_entry;
}

}  // namespace stillwater::dataplane
