// The tuples of session number i, for benchmarks that fill tables.
#pragma once

#include <cstdint>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "ckpt_engine/region/session.h"
#include "tests/bench/network.h"

namespace stillwater::bench {

// Clients are 10.1.0.1 and the addresses after it; the server is that of network.h.
inline constexpr std::uint32_t kPortsOfClient = 60'000;
inline constexpr std::uint16_t kFirstClientPort = 1024;
inline constexpr std::uint16_t kServerPort = 9000;

[[nodiscard]] inline std::uint32_t client_of(std::uint32_t i) { return kClientNet + 1 + i / kPortsOfClient; }
[[nodiscard]] inline std::uint16_t client_port_of(std::uint32_t i) {
  return static_cast<std::uint16_t>(kFirstClientPort + i % kPortsOfClient);
}

[[nodiscard]] inline region::FlowKey forward_key(std::uint32_t i) {
  region::FlowKey key;
  key.source_be = htonl(client_of(i));
  key.destination_be = htonl(kServerHost);
  key.source_port_be = htons(client_port_of(i));
  key.destination_port_be = htons(kServerPort);
  key.protocol = IPPROTO_TCP;
  return key;
}
[[nodiscard]] inline region::FlowKey reply_key(std::uint32_t i) {
  region::FlowKey key = forward_key(i);
  std::swap(key.source_be, key.destination_be);
  std::swap(key.source_port_be, key.destination_port_be);
  return key;
}

// The same sessions behind source NAT: each client has an address of its own there, from this one on, and
// each session another port than its client gave it.
inline constexpr std::uint32_t kFirstNatAddress = RTE_IPV4(10, 2, 0, 16);

[[nodiscard]] inline std::uint32_t nat_address_of(std::uint32_t i) {
  return kFirstNatAddress + i / kPortsOfClient;
}
[[nodiscard]] inline std::uint16_t nat_port_of(std::uint32_t i) {
  return client_port_of(i % kPortsOfClient + kPortsOfClient / 2);
}
[[nodiscard]] inline region::FlowKey translated_reply_key(std::uint32_t i) {
  region::FlowKey key = reply_key(i);
  key.destination_be = htonl(nat_address_of(i));
  key.destination_port_be = htons(nat_port_of(i));
  return key;
}

}  // namespace stillwater::bench
