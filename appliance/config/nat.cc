// source_nat, destination_nat, static_nat: what is translated.
#include <algorithm>
#include <set>

#include <netinet/in.h>

#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

using dataplane::DestinationNatConfig;
using dataplane::Ipv4Prefix;
using dataplane::Ipv4Range;
using dataplane::PortConfig;
using dataplane::SourceNatConfig;
using dataplane::StaticNatConfig;

constexpr std::uint8_t kStaticLengthMin = 22;  // ARP answers for each of its addresses

const PortConfig* find(const Config& config, const std::string& name) {
  for (const PortConfig& port : config.dataplane.ports)
    if (port.name == name) return &port;
  return nullptr;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "'outside'", "'outside', 'dmz'".
std::string quoted_all(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + quoted(name);
  return all;
}

// Reports an address that cannot be used on any of the ports: one of no subnet there.
void check_on_link(Section& section, const char* key, std::uint32_t address,
                   const std::vector<std::string>& names, const Config& config) {
  for (const std::string& name : names) {
    const PortConfig* port = find(config, name);
    if (port == nullptr) return;
    const auto& own = port->addresses;
    if (std::any_of(own.begin(), own.end(), [&](const auto& a) { return is_host_of(a, address); })) return;
  }
  if (names.empty()) return;
  section.mistake(key, to_text(address) + " is no address of port " + quoted_all(names) +
                           "; expected a host of one of its subnets");
}

// Reports addresses that another port has, and such as no host can have.
void check_spare(Section& section, const char* key, const Ipv4Range& range,
                 const std::vector<std::string>& names, const Config& config) {
  const auto in_range = [&](std::uint32_t address) {
    return range.first <= address && address <= range.last;
  };
  for (const PortConfig& port : config.dataplane.ports)
    for (const Ipv4Prefix& own : port.addresses) {
      if (in_range(own.address) && !has(names, port.name))
        return section.mistake(key, to_text(own.address) + " is an own address of port " + quoted(port.name) +
                                        "; expected those of " + quoted_all(names) +
                                        " or such as nothing else has");
      if (own.length >= 31) continue;
      for (const std::uint32_t edge : {own.address & own.mask(), own.address | ~own.mask()})
        if (in_range(edge))
          return section.mistake(key, to_text(edge) +
                                          " is the network or broadcast address of a subnet of port " +
                                          quoted(port.name) + "; expected hosts' addresses");
    }
}

// Whether every worker's share has a port of the range, or a whole block.
bool reaches_all(const SourceNatConfig& nat, unsigned unit, const Config& config) {
  const auto& [first, last] = nat.ports;
  if (nat.block_size == 0) return last / unit - first / unit + 1u >= config.dataplane.workers;
  std::set<unsigned> workers;
  const std::uint32_t size = nat.block_size;
  for (std::uint32_t block = (first + size - 1) / size * size; block + size <= last + 1u; block += size)
    workers.insert(block / unit % config.dataplane.workers);
  return workers.size() == config.dataplane.workers;
}

// ADDRESS or FIRST-LAST.
Parsed<Ipv4Range> parse_range(const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_ipv4(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_ipv4(text.substr(dash + 1));
  if (!first || !last)
    return not_as_expected(text, "not a range of addresses",
                           "an address such as 10.0.1.1, or FIRST-LAST such as 10.0.1.1-10.0.1.9");
  if (*first > *last) return not_as_expected(text, "reversed", "FIRST-LAST with the smaller address first");
  if (*last - *first >= dataplane::kNatAddressesMax)
    return not_as_expected(text, "too many addresses",
                           "at most " + std::to_string(dataplane::kNatAddressesMax));
  return Ipv4Range{*first, *last};
}

template <class T, class Parse>
void read_one_or_more(Section& section, const char* key, std::vector<T>& out, const Parse& parse) {
  if (!section.has(key)) return;
  const auto values = section.is_list(key) ? section.list(key, Section::Empty::refused) : section.one(key);
  for (const Value& value : values) {
    T element{};
    if (section.read(value, key, element, parse)) out.push_back(element);
  }
}

void read_pool(Section& section, const KnownPorts& known, const Config& config, SourceNatConfig& nat) {
  if (section.has("pool")) {
    if (section.has("address")) section.mistake("address", "address beside a pool; expected one of the two");
    read_one_or_more(section, "pool", nat.pool, parse_range);
    for (const Ipv4Range& range : nat.pool)
      if (known.subnets_complete) check_spare(section, "pool", range, nat.to, config);
    section.optional("address", nat.address, parse_ipv4);
    return;
  }
  if (!section.require("address", "the new source; or a pool, or 'translate: none'")) return;
  if (section.optional("address", nat.address, parse_ipv4) && known.subnets_complete)
    check_on_link(section, "address", nat.address, nat.to, config);
}

void refuse_of_exception(Section& section) {
  for (const char* key : {"address", "pool", "ports", "mapping", "filtering", "ports_per_host", "block_size",
                          "blocks_per_host"})
    if (section.has(key))
      section.mistake(key, std::string(key) + " of an entry that translates nothing; expected no such key");
}

void read_translation(Section& section, const KnownPorts& known, const Config& config, SourceNatConfig& nat) {
  using dataplane::NatFiltering;
  using dataplane::NatMapping;
  read_pool(section, known, config, nat);
  section.optional("ports", nat.ports, parse_port_range);
  section.optional("mapping", nat.mapping,
                   OneOf<NatMapping>{{{"endpoint_independent", NatMapping::endpoint_independent},
                                      {"per_session", NatMapping::per_session}}});
  if (section.optional("ports_per_host", nat.ports_per_host, WholeNumber<std::uint32_t>{1, 65535}) &&
      nat.mapping == NatMapping::per_session)
    section.mistake("ports_per_host", "only bindings are counted; expected 'mapping: endpoint_independent'");
  const bool filters = section.optional(
      "filtering", nat.filtering,
      OneOf<NatFiltering>{{{"endpoint_independent", NatFiltering::endpoint_independent},
                           {"address_dependent", NatFiltering::address_dependent},
                           {"address_and_port_dependent", NatFiltering::address_and_port_dependent}}});
  if (filters && nat.mapping == NatMapping::per_session &&
      nat.filtering != NatFiltering::address_and_port_dependent)
    section.mistake("filtering",
                    "nobody is let in where each session has a port of its own; expected 'mapping: "
                    "endpoint_independent'");
}

std::vector<Ipv4Range> ranges_of(const SourceNatConfig& nat) {
  if (!nat.translates) return {};
  return nat.pool.empty() ? std::vector<Ipv4Range>{{nat.address, nat.address}} : nat.pool;
}

// A block is one host's: where an address is given in blocks, it is so by all entries that have it.
void check_blocks_of_others(Section& section, const SourceNatConfig& nat, const Config& config) {
  const char* key = section.has("block_size") ? "block_size" : section.has("pool") ? "pool" : "address";
  for (const SourceNatConfig& before : config.dataplane.source_nat) {
    if (before.block_size == nat.block_size) continue;
    for (const Ipv4Range& a : ranges_of(before))
      for (const Ipv4Range& b : ranges_of(nat))
        if (a.first <= b.last && b.first <= a.last)
          return section.mistake(
              key, to_text(std::max(a.first, b.first)) + " is given " +
                       (before.block_size == 0 ? std::string("port by port")
                                               : "in blocks of " + std::to_string(before.block_size)) +
                       " by an entry above; expected the same block_size");
  }
}

Parsed<std::uint32_t> parse_block_size(const std::string& text) {
  using dataplane::kNatBlockMax, dataplane::kNatBlockMin;
  const auto size = WholeNumber<std::uint32_t>{0, kNatBlockMax}(text);
  const bool is_size = size && (*size & (*size - 1)) == 0 && *size >= kNatBlockMin;
  if (size && (*size == 0 || is_size)) return *size;
  return not_as_expected(text, "no size of a block", "a power of two from 64 to 4096, or 0");
}

void read_blocks(Section& section, unsigned unit, const Config& config, SourceNatConfig& nat) {
  using dataplane::NatMapping;
  section.optional("block_size", nat.block_size, parse_block_size);
  if (section.optional("blocks_per_host", nat.blocks_per_host, WholeNumber<std::uint32_t>{1, 64}) &&
      nat.block_size == 0)
    section.mistake("blocks_per_host", "blocks_per_host of an entry without blocks; expected 'block_size'");
  if (nat.block_size != 0 && nat.mapping == NatMapping::per_session)
    section.mistake("block_size", "blocks are of bindings; expected 'mapping: endpoint_independent'");
  check_blocks_of_others(section, nat, config);
  if (reaches_all(nat, unit, config)) return;
  const bool by_blocks = nat.block_size != 0;
  section.mistake("ports", std::string(by_blocks ? "too few whole blocks" : "too few ports") + " for " +
                               std::to_string(config.dataplane.workers) + " workers, which share them by " +
                               std::to_string(unit) + "; expected a wider range");
}

// Ports are shared by the largest block_size of all entries. What is wrong with one is said where it is read.
unsigned port_unit(const std::vector<Value>& entries) {
  unsigned unit = dataplane::kNatPortUnit;
  for (const Value& value : entries) {
    if (!value.node.IsMap() || !value.node["block_size"] || !value.node["block_size"].IsScalar()) continue;
    if (const auto size = parse_block_size(value.node["block_size"].Scalar())) unit = std::max(unit, *size);
  }
  return unit;
}

// An entry that an earlier one of the same ports leaves nothing to is a mistake.
void check_reached(Section& section, const SourceNatConfig& nat, const Config& config) {
  const auto all_in = [](const std::vector<std::string>& names, const std::vector<std::string>& those) {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return has(those, name); });
  };
  for (const SourceNatConfig& before : config.dataplane.source_nat)
    if (!nat.to.empty() && before.from.empty() == nat.from.empty() && all_in(nat.from, before.from) &&
        all_in(nat.to, before.to) && before.sources.empty())
      return section.mistake("to", "this pair of ports is translated above; expected one entry for it");
}

void check_sizes(Section& root, const Config& config) {
  std::set<std::uint32_t> addresses;
  for (const SourceNatConfig& nat : config.dataplane.source_nat)
    for (const Ipv4Range& range : nat.pool)
      for (std::uint64_t address = range.first; address <= range.last; ++address)
        addresses.insert(static_cast<std::uint32_t>(address));
  if (addresses.size() > dataplane::kNatAddressesMax)
    root.mistake("source_nat", "pools of " + std::to_string(addresses.size()) +
                                   " addresses; expected at most " +
                                   std::to_string(dataplane::kNatAddressesMax));
  if (config.dataplane.source_nat.size() > dataplane::kSourceNatMax)
    root.mistake("source_nat", std::to_string(config.dataplane.source_nat.size()) +
                                   " entries; expected at most " + std::to_string(dataplane::kSourceNatMax));
}

void read_source_nat(Section& root, const KnownPorts& known, const Zones& zones, Config& config) {
  if (!is_for_firewall(root, "source_nat", config)) return;
  const std::vector<Value> entries = root.list("source_nat");
  const unsigned unit = port_unit(entries);
  for (const Value& value : entries) {
    Section section = root.element(value, "source_nat entry");
    SourceNatConfig nat;
    read_port_set(section, "from", known, zones, nat.from);
    if (section.require("to", "the port that sessions leave through")) {
      read_port_set(section, "to", known, zones, nat.to);
      check_reached(section, nat, config);
    }
    read_one_or_more(section, "source", nat.sources, parse_network);
    section.optional("translate", nat.translates, OneOf<bool>{{{"none", false}}});
    if (nat.translates) {
      read_translation(section, known, config, nat);
      read_blocks(section, unit, config, nat);
    } else {
      refuse_of_exception(section);
    }
    section.finish();
    config.dataplane.source_nat.push_back(nat);
  }
  check_sizes(root, config);
}

bool is_pool_address(const Config& config, std::uint32_t address) {
  const auto has = [&](const SourceNatConfig& nat) {
    if (!nat.translates) return false;
    if (nat.pool.empty()) return nat.address == address;
    return std::any_of(nat.pool.begin(), nat.pool.end(), [&](const Ipv4Range& range) {
      return range.first <= address && address <= range.last;
    });
  };
  const auto& all = config.dataplane.source_nat;
  return std::any_of(all.begin(), all.end(), has);
}

void read_forwarded_ports(Section& section, const Config& config, DestinationNatConfig& nat) {
  const bool has_ports = section.optional("ports", nat.ports, parse_port_range);
  if (has_ports && !nat.protocol)
    section.mistake("ports", "ports without a protocol that has ports; expected protocol: tcp or udp");
  if (!section.has("ports") && is_pool_address(config, nat.address))
    section.mistake("address",
                    to_text(nat.address) + " is of source NAT, which has its ports; expected 'ports'");
  dataplane::PortRange to;
  if (!section.optional("to_ports", to, parse_port_range)) return;
  if (!has_ports)
    section.mistake("to_ports", "to_ports without ports that they replace; expected 'ports'");
  else if (to.last - to.first != nat.ports.last - nat.ports.first)
    section.mistake("to_ports", "as many as not in ports; expected a range of " +
                                    std::to_string(nat.ports.last - nat.ports.first + 1));
  nat.to_ports = to.first;
}

void read_destination_nat(Section& root, const KnownPorts& known, const Zones& zones, Config& config) {
  const OneOf<std::optional<std::uint8_t>> protocol{{{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}}};
  if (!is_for_firewall(root, "destination_nat", config)) return;
  for (const Value& value : root.list("destination_nat")) {
    Section section = root.element(value, "destination_nat entry");
    DestinationNatConfig nat;
    if (section.require("from", "the port that sessions come in by"))
      read_port_set(section, "from", known, zones, nat.from);
    if (section.required("address", nat.address, parse_ipv4) && known.subnets_complete)
      check_spare(section, "address", {nat.address, nat.address}, nat.from, config);
    section.optional("protocol", nat.protocol, protocol);
    read_forwarded_ports(section, config, nat);
    section.required("to", nat.to, parse_ipv4);
    section.finish();
    config.dataplane.destination_nat.push_back(nat);
  }
}

bool overlap(const Ipv4Prefix& a, const Ipv4Prefix& b) {
  return a.contains(b.address) || b.contains(a.address);
}

void check_static(Section& section, const StaticNatConfig& nat, const Config& config) {
  if (nat.outside.length < kStaticLengthMin)
    section.mistake("outside", to_text(nat.outside) + " is too large; expected a length of " +
                                   std::to_string(kStaticLengthMin) + " to 32");
  else if (nat.outside.length != nat.inside.length)
    section.mistake("inside", to_text(nat.inside) + " is of another size than " + to_text(nat.outside) +
                                  "; expected a length of " + std::to_string(nat.outside.length));
  for (const StaticNatConfig& before : config.dataplane.static_nat)
    if (overlap(before.outside, nat.outside))
      section.mistake("outside", to_text(nat.outside) + " is in " + to_text(before.outside) +
                                     " above; expected addresses of their own");
  for (const PortConfig& port : config.dataplane.ports)
    for (const Ipv4Prefix& own : port.addresses)
      if (nat.outside.contains(own.address))
        section.mistake("outside", to_text(own.address) + " is an own address of port " + quoted(port.name) +
                                       "; expected addresses that nothing else has");
  const std::uint64_t last = nat.outside.address | ~nat.outside.mask();
  if (nat.outside.length >= kStaticLengthMin)
    for (std::uint64_t address = nat.outside.address; address <= last; ++address)
      if (is_pool_address(config, static_cast<std::uint32_t>(address)))
        return section.mistake("outside", to_text(static_cast<std::uint32_t>(address)) +
                                              " is of source NAT; expected addresses that nothing else has");
}

// ADDRESS, or NETWORK/LENGTH.
Parsed<Ipv4Prefix> parse_hosts(const std::string& text) {
  if (text.find('/') != std::string::npos) return parse_network(text);
  return parse_ipv4(text).map([](std::uint32_t address) { return Ipv4Prefix{address, 32}; });
}

void read_static_nat(Section& root, const KnownPorts& known, const Zones& zones, Config& config) {
  if (!is_for_firewall(root, "static_nat", config)) return;
  for (const Value& value : root.list("static_nat")) {
    Section section = root.element(value, "static_nat entry");
    StaticNatConfig nat;
    if (section.require("port", "the port where the outside addresses are used"))
      read_port_set(section, "port", known, zones, nat.at);
    const bool outside = section.required("outside", nat.outside, parse_hosts);
    const bool inside = section.required("inside", nat.inside, parse_hosts);
    if (outside && inside) check_static(section, nat, config);
    section.finish();
    config.dataplane.static_nat.push_back(nat);
  }
}

}  // namespace

void read_nat(Section& root, const KnownPorts& known, const Zones& zones, Config& config) {
  read_source_nat(root, known, zones, config);
  read_destination_nat(root, known, zones, config);
  read_static_nat(root, known, zones, config);
}

}  // namespace stillwater::appliance
