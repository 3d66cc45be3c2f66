// Flows and sessions of either family: read alike by code that is of both, and as values of no family for
// whoever shows them.
#pragma once

#include <array>
#include <cstdint>

#include "base/ip_address.h"
#include "ckpt_engine/region/session.h"

namespace stillwater::dataplane {

[[nodiscard]] inline std::uint32_t source_of(const region::FlowKey& key) { return key.source_be; }
[[nodiscard]] inline std::uint32_t destination_of(const region::FlowKey& key) { return key.destination_be; }
[[nodiscard]] inline const std::array<std::uint8_t, 16>& source_of(const region::FlowKey6& key) {
  return key.source;
}
[[nodiscard]] inline const std::array<std::uint8_t, 16>& destination_of(const region::FlowKey6& key) {
  return key.destination;
}

[[nodiscard]] inline IpAddress address_of(std::uint32_t address_be) { return IpAddress::v4(address_be); }
[[nodiscard]] inline IpAddress address_of(const std::array<std::uint8_t, 16>& address) { return {address}; }

// As the other side answers, where nothing is translated.
[[nodiscard]] inline region::FlowKey reversed(const region::FlowKey& key) {
  region::FlowKey reply = key;
  reply.source_be = key.destination_be;
  reply.destination_be = key.source_be;
  reply.source_port_be = key.destination_port_be;
  reply.destination_port_be = key.source_port_be;
  return reply;
}
[[nodiscard]] inline region::FlowKey6 reversed(const region::FlowKey6& key) {
  region::FlowKey6 reply = key;
  reply.source = key.destination;
  reply.destination = key.source;
  reply.source_port_be = key.destination_port_be;
  reply.destination_port_be = key.source_port_be;
  return reply;
}

// Ports as in a key.
struct Flow {
  IpAddress source{};
  IpAddress destination{};
  std::uint16_t source_port_be = 0;
  std::uint16_t destination_port_be = 0;
  std::uint8_t protocol = 0;

  friend bool operator==(const Flow&, const Flow&) = default;
};

template <class Key>
[[nodiscard]] Flow as_flow(const Key& key) {
  return {address_of(source_of(key)), address_of(destination_of(key)), key.source_port_be,
          key.destination_port_be, key.protocol};
}

// What of a session is shown. Fields as region::BasicSession has them.
struct SessionRecord {
  Flow forward{};
  Flow reply{};
  std::uint64_t changed_epoch = 0;
  std::uint32_t rule_id = 0;
  region::SessionState state{};
  std::uint8_t initiator_port = 0;
  std::uint8_t responder_port = 0;
};

template <class Key>
[[nodiscard]] SessionRecord as_record(const region::BasicSession<Key>& session) {
  return {as_flow(session.forward), as_flow(session.reply), session.changed_epoch,
          session.rule_id,          session.state,          session.initiator_port,
          session.responder_port};
}

// Of a session's tuples: it leaves under another source than its initiator's.
[[nodiscard]] inline bool has_other_source(const Flow& forward, const Flow& reply) {
  return reply.destination != forward.source || reply.destination_port_be != forward.source_port_be;
}
// Who answers is another than its initiator speaks to. For ICMP the address alone says it.
[[nodiscard]] inline bool has_other_destination(const Flow& forward, const Flow& reply) {
  constexpr std::uint8_t kIcmp = 1;
  return reply.source != forward.destination ||
         (forward.protocol != kIcmp && reply.source_port_be != forward.destination_port_be);
}

}  // namespace stillwater::dataplane
