// What the dataplane is asked to do, as values. Read from YAML by appliance/config; validated there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip_address.h"

namespace stillwater::dataplane {

// Ports, and IPv4 addresses that are plain numbers, are in host byte order in this header.
struct Ipv4Prefix {
  std::uint32_t address = 0;
  std::uint8_t length = 0;  // 0..32

  [[nodiscard]] std::uint32_t mask() const { return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length); }
  [[nodiscard]] bool contains(std::uint32_t other) const { return (other & mask()) == (address & mask()); }
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;

  [[nodiscard]] bool contains(std::uint16_t port) const { return first <= port && port <= last; }
};

using MacAddress = std::array<std::uint8_t, 6>;

// An interface: a device's untagged frames, or those of one VLAN on the device of another port.
struct PortConfig {
  std::string name;        // as rules and routes refer to it
  std::string device;      // DPDK device string: "net_af_packet0,iface=eth0", a PCI address; empty: a VLAN
  std::string parent{};    // of a VLAN: the name of the port that has the device
  std::uint16_t vlan = 0;  // of a VLAN: 1..4094 (IEEE 802.1Q)
  MacAddress mac{};        // virtual MAC, the same on both nodes
  std::vector<Ipv4Prefix> addresses;  // own address with the length of its subnet, e.g. 10.0.1.1/24
  std::vector<IpPrefix>
      addresses6{};  // the same of IPv6, without the link-local one, which follows from `mac`
  std::uint16_t mtu = 1500;
  std::uint16_t rx_descriptors = 1024;
  std::uint16_t tx_descriptors = 1024;
};

struct NextHop {
  IpAddress via;       // of the route's family; in a subnet of one of the ports, or link-local
  std::string port{};  // by name; where `via` is link-local, else empty

  friend bool operator==(const NextHop&, const NextHop&) = default;
};

enum class RouteKind : std::uint8_t {
  forward,    // to one of the next hops, by the flow's hash
  blackhole,  // packets end here and nobody is told
  reject,     // packets end here and their sender is told
};

struct RouteConfig {
  IpPrefix to;  // without bits past its length
  RouteKind kind = RouteKind::forward;
  std::vector<NextHop> via{};  // of `forward`: at least one, no two equal
  // Of a router's `forward`: next hops that do not answer are left out, and without any the route is
  // withdrawn.
  bool track = false;
};

// Different ones, of all tracked routes.
inline constexpr std::size_t kTrackedNextHopsMax = 256;

// How the next hops of tracked routes are asked.
struct NextHopTrackingConfig {
  Nanos interval = 1s;         // between two questions to one of them; from 100ms
  std::uint32_t attempts = 3;  // questions in a row without an answer, after which it is dead; from 1
};

// What the dataplane does with packets.
enum class Function : std::uint8_t { firewall, router };

enum class RuleAction : std::uint8_t {
  deny,    // dropped, and nobody is told
  allow,   // becomes a session
  reject,  // dropped, and the sender is told
};

// Of those protocols that have any, as far as sessions know them.
[[nodiscard]] constexpr bool has_ports(std::uint8_t protocol) {
  constexpr std::uint8_t kTcp = 6, kUdp = 17;
  return protocol == kTcp || protocol == kUdp;
}
[[nodiscard]] constexpr bool has_icmp_types(std::uint8_t protocol) {
  constexpr std::uint8_t kIcmp = 1, kIcmp6 = 58;
  return protocol == kIcmp || protocol == kIcmp6;
}

// A kind of traffic. What is not said matches any; what only some protocols have, only those.
struct ServiceConfig {
  std::optional<std::uint8_t> protocol{};      // as IANA numbers them
  std::vector<PortRange> destination_ports{};  // of the protocols that have ports
  std::vector<PortRange> source_ports{};       // likewise
  std::vector<std::uint8_t> icmp_types{};      // of ICMP or ICMPv6
};

inline constexpr std::size_t kRulesMax = 16384;
// Of all rules together.
inline constexpr std::size_t kRulePrefixesMax = 1'000'000;
inline constexpr std::size_t kRuleServicesMax = 100'000;  // likewise: services, each range and type counted

// Of the sessions that a rule admits: a token bucket, of which each worker has an equal share.
struct RuleLimit {
  std::uint32_t per_s = 0;  // new ones; 0: no limit
  std::uint32_t burst = 0;  // as many at once; from 1
};

// Ordered: the first rule that matches a session's first packet decides; none means deny. Names of zones and
// groups are not known here: they have been put in place.
struct RuleConfig {
  std::uint32_t id = 0;  // stable: sessions refer to their rule by it
  RuleAction action = RuleAction::deny;
  std::vector<std::string> from{};        // port names; none: any
  std::vector<std::string> to{};          // likewise
  std::vector<IpPrefix> source{};         // of both families; none: any address
  std::vector<IpPrefix> destination{};    // likewise
  std::vector<ServiceConfig> services{};  // one of them; none: any
  bool log = false;
  RuleLimit limit{};
  std::uint32_t idle_timeout_s = 0;  // of established TCP and of other sessions that it admits; 0: theirs
};

// What changes as a whole while sessions go on.
struct PolicyConfig {
  std::vector<RuleConfig> rules;
};

struct Ipv4Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // at least `first`
};

// Which sessions of one endpoint inside share an endpoint outside (RFC 4787 section 4.1).
enum class NatMapping : std::uint8_t { endpoint_independent, per_session };

// Whose packets to a binding's endpoint outside open a session (RFC 4787 section 5).
enum class NatFiltering : std::uint8_t {
  endpoint_independent,        // anybody's
  address_dependent,           // of addresses that the binding has a session with
  address_and_port_dependent,  // nobody's but those of its sessions
};

// Sessions that leave through one of `to` get their source translated to an address of the pool, with a port
// of `ports`. Ordered: the first entry that matches decides.
struct SourceNatConfig {
  std::vector<std::string> from{};  // port names; none: any
  std::vector<std::string> to{};    // port names, at least one
  std::uint32_t address = 0;        // the pool's only address, where `pool` is empty
  PortRange ports{1024, 65535};
  std::vector<Ipv4Range> pool{};
  std::vector<Ipv4Prefix> sources{};  // empty: any
  bool translates = true;             // false: an exception, such sessions keep their source
  NatMapping mapping = NatMapping::endpoint_independent;
  NatFiltering filtering = NatFiltering::address_and_port_dependent;
  std::uint32_t ports_per_host = 0;  // bindings that an address inside may have at a time; 0: any number
  // Hosts get blocks of so many ports of their address, each of its own, and logs tell of these alone. A
  // power of two, 64..4096; 0: single ports.
  std::uint32_t block_size = 0;
  std::uint32_t blocks_per_host = 4;  // at most, of each protocol
};

// Addresses of all pools together: each takes 24 KiB of a worker's hard region.
inline constexpr std::size_t kNatAddressesMax = 1024;
// Entries of source NAT; bindings name theirs by an octet.
inline constexpr std::size_t kSourceNatMax = 250;

// Sessions that come in by one of `from` to `address` go to `to` instead.
struct DestinationNatConfig {
  std::vector<std::string> from{};  // port names, at least one
  std::uint32_t address = 0;
  std::optional<std::uint8_t> protocol{};  // none: any, and all ports
  PortRange ports{0, 65535};
  std::uint32_t to = 0;
  std::optional<std::uint16_t> to_ports{};  // the first one; none: as they were
};

// One to one: addresses inside are those outside of the same place, in both directions. Ports stay.
struct StaticNatConfig {
  std::vector<std::string> at{};  // port names, at least one: where the outside addresses are used
  Ipv4Prefix outside{};
  Ipv4Prefix inside{};  // of the same length
};

// When a session that saw no packet ends, in seconds.
struct TimeoutConfig {
  std::uint32_t tcp_opening_s = 30;
  std::uint32_t tcp_established_s = 7200;
  std::uint32_t tcp_closing_s = 30;
  std::uint32_t tcp_closed_s = 10;
  std::uint32_t udp_s = 120;
  std::uint32_t icmp_s = 30;
  std::uint32_t other_s = 600;
};

// Of new sessions. Of several workers each keeps its share, rounded up. 0: no limit.
struct LimitsConfig {
  std::uint32_t sessions_per_source = 0;   // by the address of the initiator; of IPv6 by its /64
  std::uint32_t half_open_per_source = 0;  // of them, TCP without a complete handshake
  std::uint32_t new_per_s_per_source = 0;
  // TCP sessions of a family without a complete handshake, beyond which they have less time for it. 0: a
  // quarter of its table. In peace they are a few percent: a handshake takes a round trip, a session its
  // lifetime.
  std::uint32_t half_open_max = 0;
};

// Which packets wait for a commit. The configuration's digest has the numbers.
enum class OutputCommit : std::uint8_t {
  none,
  new_state,  // those that depend on hard state, for the epoch of its last change
  all,        // every one, for the epoch in which it was processed
};

// What of a TCP segment has to be right before it is believed, and goes on.
enum class TcpChecks : std::uint8_t {
  off,     // nothing: it follows its session's tuple
  loose,   // its flags; and a RST ends a session only if it is exact
  strict,  // and its numbers are within its session's windows
};

enum class IdleStrategy : std::uint8_t { busy, pause, sleep };

// Which sessions' begin and end are logged.
enum class SessionLog : std::uint8_t {
  none,
  by_rule,  // of those whose rule says `log`
  all,
};

// What workers note for the logs. Nothing of it is in the region: nodes of a pair may differ.
struct LogConfig {
  SessionLog sessions = SessionLog::none;
  bool translations = false;  // external endpoints that are given to internal ones
  bool rules = false;         // matches of rules that say `log`

  [[nodiscard]] bool wants_any() const { return sessions != SessionLog::none || translations || rules; }
};

// A worker's shard of the region takes several roots, and a region has room for so many.
inline constexpr unsigned kWorkersMax = 6;

// NAT ports are dealt to workers by so many, in turn; by the largest block_size, where there is one.
inline constexpr unsigned kNatPortUnit = 64;
inline constexpr std::uint32_t kNatBlockMin = 64, kNatBlockMax = 4096;

struct Config {
  Function function = Function::firewall;
  std::uint32_t workers = 1;            // 1..kWorkersMax; the tables below are dealt to them in equal shares
  std::uint32_t sessions_max = 65536;   // of IPv4
  std::uint32_t sessions6_max = 16384;  // of IPv6, where it is served
  std::uint32_t neighbours_max = 1024;
  std::uint32_t hold_packets_max = 4096;
  std::uint32_t routes4_max = 65536;
  std::uint32_t routes6_max = 16384;
  std::uint32_t icmp_errors_per_s = 1000;  // of a worker (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f)
  OutputCommit output_commit = OutputCommit::new_state;
  IdleStrategy idle = IdleStrategy::sleep;
  std::vector<PortConfig> ports;
  std::vector<RouteConfig> routes;
  NextHopTrackingConfig next_hop_tracking;
  std::vector<RuleConfig> rules;
  std::vector<SourceNatConfig> source_nat;
  std::vector<DestinationNatConfig> destination_nat;
  std::vector<StaticNatConfig> static_nat;
  TimeoutConfig timeouts;
  TcpChecks tcp_checks = TcpChecks::strict;
  LimitsConfig limits;
  LogConfig log;
};

// A router always, a firewall where one of its ports has an address of it.
[[nodiscard]] inline bool serves_ipv6(const Config& config) {
  for (const PortConfig& port : config.ports)
    if (!port.addresses6.empty()) return true;
  return config.function == Function::router;
}

[[nodiscard]] inline unsigned nat_port_unit(const Config& config) {
  unsigned unit = kNatPortUnit;
  for (const SourceNatConfig& nat : config.source_nat)
    if (nat.block_size > unit) unit = nat.block_size;
  return unit;
}

[[nodiscard]] inline std::uint32_t hold_packets_of_a_worker(const Config& config) {
  return (config.hold_packets_max + config.workers - 1) / config.workers;
}

}  // namespace stillwater::dataplane
