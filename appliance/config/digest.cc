#include <algorithm>
#include <type_traits>

#include <xxhash.h>

#include "appliance/config/config.h"

namespace stillwater::appliance {
namespace {

// Changes whenever a field is added below, so that two releases that differ here refuse each other.
constexpr std::uint32_t kDigestVersion = 5;

// Bytes that are the same on every host: little endian, lengths before what varies.
class Canonical {
 public:
  template <class T>
  void put(T value) {
    static_assert(std::is_unsigned_v<T>);
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 0xff);
  }
  void put(const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  void put(const dataplane::Ipv4Prefix& prefix) {
    put(prefix.address);
    put(prefix.length);
  }
  void put(const IpPrefix& prefix) {
    put(prefix.address);
    put(prefix.length);
  }
  void put(const IpAddress& address) {
    for (const std::uint8_t octet : address.bytes) put(octet);
  }
  void put(const dataplane::PortRange& range) {
    put(range.first);
    put(range.last);
  }
  template <class Elements, class PutElement>
  void each(const Elements& elements, PutElement put_element) {
    put(static_cast<std::uint32_t>(elements.size()));
    for (const auto& element : elements) put_element(element);
  }

  [[nodiscard]] std::uint64_t digest() const { return XXH3_64bits(bytes_.data(), bytes_.size()); }

 private:
  std::string bytes_;
};

void put_route(Canonical& out, const dataplane::RouteConfig& route) {
  out.put(route.to);
  out.put(static_cast<std::uint8_t>(route.kind));
  out.each(route.via, [&](const dataplane::NextHop& hop) {
    out.put(hop.via);
    out.put(hop.port);
  });
}

// The digest of those who track nothing is what it was before there was tracking.
void put_tracking(Canonical& out, const dataplane::Config& plane) {
  std::vector<IpPrefix> tracked;
  for (const dataplane::RouteConfig& route : plane.routes)
    if (route.track) tracked.push_back(route.to);
  if (tracked.empty()) return;
  out.each(tracked, [&](const IpPrefix& to) { out.put(to); });
  out.put(static_cast<std::uint64_t>(plane.next_hop_tracking.interval.count()));
  out.put(plane.next_hop_tracking.attempts);
}

void put_service(Canonical& out, const dataplane::ServiceConfig& service) {
  const auto put_range = [&](const dataplane::PortRange& range) { out.put(range); };
  out.put(static_cast<std::uint8_t>(service.protocol.has_value()));
  out.put(service.protocol.value_or(std::uint8_t{0}));
  out.each(service.destination_ports, put_range);
  out.each(service.source_ports, put_range);
  out.each(service.icmp_types, [&](std::uint8_t type) { out.put(type); });
}

// By what its names stand for.
void put_rule(Canonical& out, const dataplane::RuleConfig& rule) {
  const auto put_name = [&](const std::string& name) { out.put(name); };
  const auto put_prefix = [&](const IpPrefix& prefix) { out.put(prefix); };
  out.put(rule.id);
  out.put(static_cast<std::uint8_t>(rule.action));
  out.each(rule.from, put_name);
  out.each(rule.to, put_name);
  out.each(rule.source, put_prefix);
  out.each(rule.destination, put_prefix);
  out.each(rule.services, [&](const dataplane::ServiceConfig& service) { put_service(out, service); });
  out.put(static_cast<std::uint8_t>(rule.log));
  out.put(rule.limit.per_s);
  out.put(rule.limit.burst);
  out.put(rule.idle_timeout_s);
}

std::string first_of(const std::vector<std::string>& names) {
  return names.empty() ? std::string() : names.front();
}

// What an entry of source NAT says besides ports, address and from where to where.
bool says_more(const dataplane::SourceNatConfig& nat) {
  const dataplane::SourceNatConfig plain;
  return !nat.pool.empty() || !nat.sources.empty() || nat.translates != plain.translates ||
         nat.mapping != plain.mapping || nat.filtering != plain.filtering ||
         nat.ports_per_host != plain.ports_per_host;
}

void put_source_nat(Canonical& out, const dataplane::SourceNatConfig& nat) {
  out.each(nat.pool, [&](const dataplane::Ipv4Range& range) {
    out.put(range.first);
    out.put(range.last);
  });
  out.each(nat.sources, [&](const dataplane::Ipv4Prefix& prefix) { out.put(prefix); });
  out.put(static_cast<std::uint8_t>(nat.translates));
  out.put(static_cast<std::uint8_t>(nat.mapping));
  out.put(static_cast<std::uint8_t>(nat.filtering));
  out.put(nat.ports_per_host);
}

// The ports of entries that name several.
void put_nat_ports(Canonical& out, const dataplane::Config& plane) {
  std::vector<const std::vector<std::string>*> all;
  for (const auto& nat : plane.source_nat) all.insert(all.end(), {&nat.from, &nat.to});
  for (const auto& nat : plane.destination_nat) all.push_back(&nat.from);
  for (const auto& nat : plane.static_nat) all.push_back(&nat.at);
  if (std::none_of(all.begin(), all.end(), [](const auto* names) { return names->size() > 1; })) return;
  out.put(std::string("nat ports"));
  out.each(all,
           [&](const auto* names) { out.each(*names, [&](const std::string& name) { out.put(name); }); });
}

void put_blocks(Canonical& out, const dataplane::Config& plane) {
  const auto has_blocks = [](const auto& nat) { return nat.block_size != 0; };
  if (std::none_of(plane.source_nat.begin(), plane.source_nat.end(), has_blocks)) return;
  out.put(std::string("blocks"));
  out.each(plane.source_nat, [&](const dataplane::SourceNatConfig& nat) {
    out.put(nat.block_size);
    out.put(nat.blocks_per_host);
  });
}

void put_destination_nat(Canonical& out, const dataplane::DestinationNatConfig& nat) {
  out.put(first_of(nat.from));
  out.put(nat.address);
  out.put(static_cast<std::uint8_t>(nat.protocol.has_value()));
  out.put(nat.protocol.value_or(std::uint8_t{0}));
  out.put(nat.ports);
  out.put(nat.to);
  out.put(nat.to_ports.value_or(std::uint16_t{0}));
}

void put_static_nat(Canonical& out, const dataplane::StaticNatConfig& nat) {
  out.put(first_of(nat.at));
  out.put(nat.outside);
  out.put(nat.inside);
}

// The digest of those who have no more than ports and an address is what it was before there was more.
void put_nat(Canonical& out, const dataplane::Config& plane) {
  const auto& source = plane.source_nat;
  if (std::none_of(source.begin(), source.end(), says_more) && plane.destination_nat.empty() &&
      plane.static_nat.empty())
    return;
  out.put(std::string("nat"));
  out.each(source, [&](const auto& nat) { put_source_nat(out, nat); });
  out.each(plane.destination_nat, [&](const auto& nat) { put_destination_nat(out, nat); });
  out.each(plane.static_nat, [&](const auto& nat) { put_static_nat(out, nat); });
}

// The digest of a router, and of a firewall of IPv4, is what it was before there were such sessions.
void put_sessions6(Canonical& out, const dataplane::Config& plane) {
  if (plane.function != dataplane::Function::firewall || !dataplane::serves_ipv6(plane)) return;
  out.put(std::string("sessions6"));
  out.put(plane.sessions6_max);
}

}  // namespace

std::uint64_t Config::service_digest() const {
  Canonical out;
  out.put(kDigestVersion);
  out.put(static_cast<std::uint8_t>(dataplane.function));
  out.put(dataplane.workers);
  out.put(dataplane.sessions_max);
  out.put(dataplane.neighbours_max);
  out.put(static_cast<std::uint8_t>(dataplane.output_commit));
  out.each(dataplane.ports, [&](const dataplane::PortConfig& port) {
    out.put(port.name);
    out.put(port.parent);
    out.put(port.vlan);
    for (const std::uint8_t octet : port.mac) out.put(octet);
    out.each(port.addresses, [&](const dataplane::Ipv4Prefix& address) { out.put(address); });
    out.each(port.addresses6, [&](const IpPrefix& address) { out.put(address); });
    out.put(port.mtu);
  });
  out.each(dataplane.routes, [&](const dataplane::RouteConfig& route) { put_route(out, route); });
  out.put(dataplane.icmp_errors_per_s);
  out.each(dataplane.rules, [&](const dataplane::RuleConfig& rule) { put_rule(out, rule); });
  out.each(dataplane.source_nat, [&](const dataplane::SourceNatConfig& nat) {
    out.put(first_of(nat.from));
    out.put(first_of(nat.to));
    out.put(nat.address);
    out.put(nat.ports);
  });
  const dataplane::TimeoutConfig& t = dataplane.timeouts;
  for (const auto s :
       {t.tcp_opening_s, t.tcp_established_s, t.tcp_closing_s, t.tcp_closed_s, t.udp_s, t.icmp_s, t.other_s})
    out.put(s);
  out.put(static_cast<std::uint8_t>(dataplane.tcp_checks));
  const dataplane::LimitsConfig& l = dataplane.limits;
  for (const auto limit :
       {l.sessions_per_source, l.half_open_per_source, l.new_per_s_per_source, l.half_open_max})
    out.put(limit);
  // Unequal leases are two leaders: the standby would lead before the right that it granted has ended.
  out.put(static_cast<std::uint64_t>(replication.enabled ? replication.lease.count() : 0));
  put_tracking(out, dataplane);
  put_nat(out, dataplane);
  put_sessions6(out, dataplane);
  put_blocks(out, dataplane);
  put_nat_ports(out, dataplane);
  return out.digest();
}

}  // namespace stillwater::appliance
