#include "dataplane/datapath/nat/nat_tables.h"

#include <algorithm>

#include <netinet/in.h>

#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

using region::FlowKey;

std::vector<Ipv4Range> ranges_of(const SourceNatConfig& nat) {
  if (!nat.translates) return {};
  return nat.pool.empty() ? std::vector<Ipv4Range>{{nat.address, nat.address}} : nat.pool;
}

std::vector<std::uint32_t> addresses_of(const SourceNatConfig& nat) {
  std::vector<std::uint32_t> addresses;
  for (const Ipv4Range& range : ranges_of(nat))
    for (std::uint64_t address = range.first; address <= range.last; ++address)
      addresses.push_back(static_cast<std::uint32_t>(address));
  return addresses;
}

bool names(const std::vector<std::string>& ports, const std::string& name) {
  return std::find(ports.begin(), ports.end(), name) != ports.end();
}

// What whole blocks there are in the range; none: there are none.
std::optional<PortRange> whole_blocks(const PortRange& range, std::uint32_t block) {
  const std::uint32_t first = (range.first + block - 1) / block * block;
  const std::uint32_t end = (range.last + 1u) / block * block;
  if (first >= end) return std::nullopt;
  return PortRange{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(end - 1)};
}

// The blocks that have any port of the range.
PortRange touched_blocks(const PortRange& range, std::uint32_t block) {
  return {static_cast<std::uint16_t>(range.first / block * block),
          static_cast<std::uint16_t>(range.last / block * block + block - 1)};
}

// The address at the same place of `to`.
std::uint32_t moved(std::uint32_t address, const Ipv4Prefix& to) {
  return (to.address & to.mask()) | (address & ~to.mask());
}

}  // namespace

PortSet::PortSet(const Config& config, const std::vector<std::string>& names) : any_(names.empty()) {
  for (const std::string& name : names) ports_.set(find_port(config, name).value());
}

bool has_nat_ports(std::uint8_t protocol) { return has_ports(protocol) || protocol == IPPROTO_ICMP; }

bool SourceNatEntry::matches(PortIndex in, PortIndex out, std::uint32_t source_be) const {
  if (!to.has(out) || !from.has(in)) return false;
  const std::uint32_t source = rte_be_to_cpu_32(source_be);
  return sources.empty() || std::any_of(sources.begin(), sources.end(),
                                        [&](const Ipv4Prefix& prefix) { return prefix.contains(source); });
}

std::vector<std::uint32_t> nat_pool_addresses(const Config& config) {
  std::vector<std::uint32_t> all;
  for (const SourceNatConfig& nat : config.source_nat) {
    const std::vector<std::uint32_t> of_entry = addresses_of(nat);
    all.insert(all.end(), of_entry.begin(), of_entry.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<Ipv4Prefix> nat_addresses_at(const Config& config, const std::string& name) {
  std::vector<Ipv4Prefix> found;
  for (const SourceNatConfig& nat : config.source_nat)
    if (names(nat.to, name))
      for (const std::uint32_t address : addresses_of(nat)) found.push_back({address, 32});
  for (const DestinationNatConfig& nat : config.destination_nat)
    if (names(nat.from, name)) found.push_back({nat.address, 32});
  for (const StaticNatConfig& nat : config.static_nat)
    if (names(nat.at, name)) found.push_back(nat.outside);
  return found;
}

NatTables::NatTables(const Config& config)
    : pool_(nat_pool_addresses(config)), port_unit_(nat_port_unit(config)) {
  for (const SourceNatConfig& nat : config.source_nat) {
    SourceNatEntry entry{.from = PortSet(config, nat.from),
                         .to = PortSet(config, nat.to),
                         .sources = nat.sources,
                         .pool = {},
                         .ports = nat.ports,
                         .mapping = nat.mapping,
                         .filtering = nat.filtering,
                         .block_size = nat.block_size};
    for (const std::uint32_t address : addresses_of(nat))
      entry.pool.push_back(
          static_cast<std::uint32_t>(std::lower_bound(pool_.begin(), pool_.end(), address) - pool_.begin()));
    source_.push_back(std::move(entry));
  }
  for (const DestinationNatConfig& nat : config.destination_nat)
    destination_.push_back({.from = PortSet(config, nat.from),
                            .address_be = rte_cpu_to_be_32(nat.address),
                            .protocol = nat.protocol.value_or(std::uint8_t{0}),
                            .ports = nat.ports,
                            .to_be = rte_cpu_to_be_32(nat.to),
                            .to_first = nat.to_ports.value_or(std::uint16_t{0})});
  for (const StaticNatConfig& nat : config.static_nat)
    static_.push_back({PortSet(config, nat.at), nat.outside, nat.inside});
}

const SourceNatEntry* NatTables::source_entry(PortIndex in, PortIndex out, std::uint32_t source_be) const {
  for (const SourceNatEntry& entry : source_)
    if (entry.matches(in, out, source_be)) return entry.pool.empty() ? nullptr : &entry;
  return nullptr;
}

std::optional<std::uint32_t> NatTables::static_source(PortIndex out, std::uint32_t source_be) const {
  const std::uint32_t source = rte_be_to_cpu_32(source_be);
  for (const OneToOne& entry : static_)
    if (entry.at.has(out) && entry.inside.contains(source))
      return rte_cpu_to_be_32(moved(source, entry.outside));
  return std::nullopt;
}

bool NatTables::leaves_translated(PortIndex in, PortIndex out, std::uint32_t source_be) const {
  if (is_outside_address(source_be)) return false;
  if (in != out && static_source(out, source_be)) return true;
  const SourceNatEntry* entry = source_entry(in, out, source_be);
  return entry != nullptr && (in != out || !entry->sources.empty());
}

bool NatTables::matches(const Forward& forward, PortIndex in, const FlowKey& key) {
  if (!forward.from.has(in) || forward.address_be != key.destination_be) return false;
  if (forward.protocol == 0) return true;
  return forward.protocol == key.protocol &&
         (!has_ports(key.protocol) || forward.ports.contains(rte_be_to_cpu_16(key.destination_port_be)));
}

std::optional<FlowKey> NatTables::translated_destination(PortIndex in, const FlowKey& key) const {
  FlowKey translated = key;
  for (const Forward& forward : destination_) {
    if (!matches(forward, in, key)) continue;
    translated.destination_be = forward.to_be;
    if (forward.to_first != 0)
      translated.destination_port_be = rte_cpu_to_be_16(static_cast<std::uint16_t>(
          forward.to_first + (rte_be_to_cpu_16(key.destination_port_be) - forward.ports.first)));
    return translated;
  }
  const std::uint32_t destination = rte_be_to_cpu_32(key.destination_be);
  for (const OneToOne& entry : static_) {
    if (!entry.at.has(in) || !entry.outside.contains(destination)) continue;
    translated.destination_be = rte_cpu_to_be_32(moved(destination, entry.inside));
    return translated;
  }
  return std::nullopt;
}

bool NatTables::is_pool_address(std::uint32_t address_be) const {
  return std::binary_search(pool_.begin(), pool_.end(), rte_be_to_cpu_32(address_be));
}

bool NatTables::is_outside_address(std::uint32_t address_be) const {
  const std::uint32_t address = rte_be_to_cpu_32(address_be);
  return is_pool_address(address_be) ||
         std::any_of(destination_.begin(), destination_.end(),
                     [&](const Forward& forward) { return forward.address_be == address_be; }) ||
         std::any_of(static_.begin(), static_.end(),
                     [&](const OneToOne& entry) { return entry.outside.contains(address); });
}

bool NatTables::is_inside_target(std::uint32_t address_be, std::uint8_t protocol,
                                 std::uint16_t port_be) const {
  const std::uint32_t address = rte_be_to_cpu_32(address_be);
  const unsigned port = rte_be_to_cpu_16(port_be);
  const auto leads_to = [&](const Forward& forward) {
    if (forward.to_be != address_be) return false;
    if (forward.protocol == 0) return true;
    if (forward.protocol != protocol || !has_ports(protocol)) return forward.protocol == protocol;
    const unsigned first = forward.to_first != 0 ? forward.to_first : forward.ports.first;
    return first <= port && port <= first + (forward.ports.last - forward.ports.first);
  };
  return std::any_of(destination_.begin(), destination_.end(), leads_to) ||
         std::any_of(static_.begin(), static_.end(),
                     [&](const OneToOne& entry) { return entry.inside.contains(address); });
}

std::uint32_t NatTables::block_size_of(std::uint32_t pool) const {
  for (const SourceNatEntry& entry : source_)
    if (std::find(entry.pool.begin(), entry.pool.end(), pool) != entry.pool.end()) return entry.block_size;
  return 0;
}

// A few ranges: each stretch between two of their edges is in or out as a whole.
std::uint32_t NatTables::ports_of(std::uint32_t pool, std::uint8_t protocol) const {
  std::vector<PortRange> taken_from, forwarded;
  const std::uint32_t block = std::max(block_size_of(pool), 1u);
  for (const SourceNatEntry& entry : source_)
    if (std::find(entry.pool.begin(), entry.pool.end(), pool) != entry.pool.end())
      if (const auto whole = whole_blocks(entry.ports, block)) taken_from.push_back(*whole);
  for (const Forward& forward : destination_)
    if (forward.address_be == rte_cpu_to_be_32(pool_[pool]) &&
        (forward.protocol == 0 || forward.protocol == protocol))
      forwarded.push_back(touched_blocks(forward.ports, block));
  std::vector<std::uint32_t> edges;
  for (const auto* ranges : {&taken_from, &forwarded})
    for (const PortRange& range : *ranges) {
      edges.push_back(range.first);
      edges.push_back(range.last + 1u);
    }
  std::sort(edges.begin(), edges.end());
  const auto has = [](const std::vector<PortRange>& ranges, std::uint32_t port) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const PortRange& range) {
      return range.contains(static_cast<std::uint16_t>(port));
    });
  };
  std::uint32_t ports = 0;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i)
    if (has(taken_from, edges[i]) && !has(forwarded, edges[i])) ports += edges[i + 1] - edges[i];
  return ports;
}

}  // namespace stillwater::dataplane
