// What is translated, as the configuration says: source NAT, port forwards, one to one.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <netinet/in.h>

#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// TCP, UDP and ICMP (its echo identifiers): what source NAT tells apart behind one address.
inline constexpr std::array<std::uint8_t, 3> kNatProtocols{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
[[nodiscard]] bool has_nat_ports(std::uint8_t protocol);

// Interfaces by their indices; a configuration has fewer than 256.
class PortSet {
 public:
  // Of these names, which are there; none of them: any.
  PortSet(const Config& config, const std::vector<std::string>& names);

  [[nodiscard]] bool has(PortIndex port) const { return any_ || (port < ports_.size() && ports_[port]); }

 private:
  bool any_;
  std::bitset<256> ports_;
};

struct SourceNatEntry {
  PortSet from;
  PortSet to;
  std::vector<Ipv4Prefix> sources;
  std::vector<std::uint32_t> pool;  // indices into NatTables::pool_addresses; empty: an exception
  PortRange ports;
  NatMapping mapping;
  NatFiltering filtering;
  std::uint32_t block_size;  // 0: single ports

  [[nodiscard]] bool matches(PortIndex in, PortIndex out, std::uint32_t source_be) const;
};

// Addresses of all pools, sorted, each once; host byte order.
[[nodiscard]] std::vector<std::uint32_t> nat_pool_addresses(const Config& config);
// Those among them that have to be answered for on the link of port `name`, and all other addresses of NAT
// that packets arrive at there.
[[nodiscard]] std::vector<Ipv4Prefix> nat_addresses_at(const Config& config, const std::string& name);

// Immutable once built; any thread. Addresses and ports in network byte order, but where it says so. Lists
// are walked: entries are few, and are asked once a session (steering: once a packet, of several workers).
class NatTables {
 public:
  // The configuration was checked: every port that it names is there.
  explicit NatTables(const Config& config);

  [[nodiscard]] bool empty() const { return source_.empty() && destination_.empty() && static_.empty(); }

  // The entry that decides about sessions between these ports; null: they keep their source.
  [[nodiscard]] const SourceNatEntry* source_entry(PortIndex in, PortIndex out,
                                                   std::uint32_t source_be) const;
  [[nodiscard]] std::uint8_t index_of(const SourceNatEntry& entry) const {
    return static_cast<std::uint8_t>(&entry - source_.data());
  }
  [[nodiscard]] const SourceNatEntry& entry_at(std::size_t index) const { return source_[index]; }

  // Source addresses that leave through `out` one to one; none: the address is no such one.
  [[nodiscard]] std::optional<std::uint32_t> static_source(PortIndex out, std::uint32_t source_be) const;
  // Whether a packet to an address of ours at `out` comes from the inside of a translation: where it came in
  // by that very port, an entry has to say which sources are inside.
  [[nodiscard]] bool leaves_translated(PortIndex in, PortIndex out, std::uint32_t source_be) const;
  // The flow with the destination that a port forward or a 1:1 entry gives it; none: neither does.
  [[nodiscard]] std::optional<region::FlowKey> translated_destination(PortIndex in,
                                                                      const region::FlowKey& key) const;

  // Sessions take ports of this address.
  [[nodiscard]] bool is_pool_address(std::uint32_t address_be) const;
  // Its packets arrive here to be translated: a pool's, a port forward's or a 1:1 one.
  [[nodiscard]] bool is_outside_address(std::uint32_t address_be) const;
  // What port forwards and 1:1 entries lead to.
  [[nodiscard]] bool is_inside_target(std::uint32_t address_be, std::uint8_t protocol,
                                      std::uint16_t port_be) const;

  [[nodiscard]] const std::vector<std::uint32_t>& pool_addresses() const { return pool_; }
  // How many ports of that address may be taken: those of its entries, but for forwarded ones; of an address
  // that is given in blocks those of whole blocks.
  [[nodiscard]] std::uint32_t ports_of(std::uint32_t pool, std::uint8_t protocol) const;
  // Ports of a block of that address; 0: it is given port by port. The same in all entries that have it.
  [[nodiscard]] std::uint32_t block_size_of(std::uint32_t pool) const;
  // By so many are ports dealt to workers.
  [[nodiscard]] unsigned port_unit() const { return port_unit_; }

 private:
  struct Forward {
    PortSet from;
    std::uint32_t address_be;
    std::uint8_t protocol;  // 0: any
    PortRange ports;
    std::uint32_t to_be;
    std::uint16_t to_first;  // 0: ports stay
  };
  struct OneToOne {
    PortSet at;
    Ipv4Prefix outside;
    Ipv4Prefix inside;
  };
  [[nodiscard]] static bool matches(const Forward& forward, PortIndex in, const region::FlowKey& key);

  std::vector<SourceNatEntry> source_;
  std::vector<Forward> destination_;
  std::vector<OneToOne> static_;
  std::vector<std::uint32_t> pool_;  // host byte order, sorted
  unsigned port_unit_;
};

}  // namespace stillwater::dataplane
