#include "dataplane/datapath/tables/rule_set.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <netinet/in.h>

#include <rte_byteorder.h>

#include "dataplane/datapath/icmp/icmp_types.h"

namespace stillwater::dataplane {
namespace {

template <class Key>
using Ranges = std::vector<typename IntervalTable<Key>::Range>;

constexpr std::uint32_t kLast4 = 0xffff'ffff;
constexpr Address6 kLast6{~std::uint64_t{0}, ~std::uint64_t{0}};

Address6 address6(const std::uint8_t* bytes) {
  std::uint64_t halves_be[2];
  std::memcpy(halves_be, bytes, sizeof(halves_be));
  return {rte_be_to_cpu_64(halves_be[0]), rte_be_to_cpu_64(halves_be[1])};
}

// The bits past a prefix of `length`, of 0 to 64 bits of a half.
std::uint64_t host_bits(int length) { return length >= 64 ? 0 : ~std::uint64_t{0} >> std::max(length, 0); }

void add4(const IpPrefix& prefix, std::uint32_t place, Ranges<std::uint32_t>& ranges) {
  const std::uint32_t address = rte_be_to_cpu_32(prefix.address.v4_be());
  const std::uint32_t hosts = prefix.length >= 32 ? 0 : kLast4 >> prefix.length;
  ranges.push_back({address & ~hosts, address | hosts, place});
}

void add6(const IpPrefix& prefix, std::uint32_t place, Ranges<Address6>& ranges) {
  const Address6 address = address6(prefix.address.bytes.data());
  const Address6 hosts{host_bits(prefix.length), host_bits(prefix.length - 64)};
  ranges.push_back({{address.high & ~hosts.high, address.low & ~hosts.low},
                    {address.high | hosts.high, address.low | hosts.low},
                    place});
}

// The addresses of both families that one end of a rule's sessions may have.
struct AddressRanges {
  Ranges<std::uint32_t> v4;
  Ranges<Address6> v6;

  AddressRanges(std::span<const RuleConfig> rules, std::vector<IpPrefix> RuleConfig::*end) {
    for (std::uint32_t place = 0; place < rules.size(); ++place) {
      const auto& prefixes = rules[place].*end;
      for (const IpPrefix& prefix : prefixes)
        prefix.is_v4() ? add4(prefix, place, v4) : add6(prefix, place, v6);
      if (!prefixes.empty()) continue;
      v4.push_back({0, kLast4, place});
      v6.push_back({{}, kLast6, place});
    }
  }
};

Status check_size(std::span<const RuleConfig> rules) {
  if (rules.size() > kRulesMax)
    return fail(Errc::resource_exhausted,
                std::to_string(rules.size()) + " rules; expected at most " + std::to_string(kRulesMax));
  std::size_t prefixes = 0;
  for (const RuleConfig& rule : rules) prefixes += rule.source.size() + rule.destination.size();
  if (prefixes > kRulePrefixesMax)
    return fail(Errc::resource_exhausted, "the rules' prefixes are " + std::to_string(prefixes) +
                                              " in all; expected at most " +
                                              std::to_string(kRulePrefixesMax));
  return {};
}

// As a rule sees what the key is about.
template <class FlowKey>
ServiceTable::Asked asked_of(const FlowKey& key) {
  const std::uint8_t protocol = key.protocol;
  if (protocol == IPPROTO_ICMP) return {protocol, icmp4::kEchoRequest, 0};
  if (protocol == IPPROTO_ICMPV6) return {protocol, icmp6::kEchoRequest, 0};
  if (!has_ports(protocol)) return {protocol, 0, 0};
  return {protocol, rte_be_to_cpu_16(key.destination_port_be), rte_be_to_cpu_16(key.source_port_be)};
}

}  // namespace

Result<RuleSet> RuleSet::build(std::span<const PortConfig> ports, std::span<const RuleConfig> rules) {
  if (Status fits = check_size(rules); !fits) return tl::unexpected(fits.error());
  RuleSet set(rules.size());
  for (const RuleConfig& rule : rules)
    set.rules_.push_back({.id = rule.id,
                          .action = rule.action,
                          .log = rule.log,
                          .limit = rule.limit,
                          .idle_timeout_s = rule.idle_timeout_s,
                          .place = static_cast<std::uint32_t>(set.rules_.size())});
  set.by_id_.resize(rules.size());
  std::iota(set.by_id_.begin(), set.by_id_.end(), 0u);
  std::sort(set.by_id_.begin(), set.by_id_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return rules[a].id < rules[b].id; });
  set.build_addresses(rules);
  set.services_ = ServiceTable(rules, set.bitmaps_);
  if (Status built = set.build_ports(ports, rules); !built) return tl::unexpected(built.error());
  if (!set.bitmaps_.seal())
    return fail(Errc::resource_exhausted, "the rules' tables take more than " +
                                              std::to_string(kBytesMax >> 20) +
                                              "MiB; expected fewer rules or fewer different prefixes");
  return set;
}

const Rule* RuleSet::find(std::uint32_t id) const {
  const auto place =
      std::lower_bound(by_id_.begin(), by_id_.end(), id,
                       [&](std::uint32_t at, std::uint32_t wanted) { return rules_[at].id < wanted; });
  return place != by_id_.end() && rules_[*place].id == id ? &rules_[*place] : nullptr;
}

void RuleSet::build_addresses(std::span<const RuleConfig> rules) {
  AddressRanges sources(rules, &RuleConfig::source);
  AddressRanges destinations(rules, &RuleConfig::destination);
  addresses4_ = {{std::move(sources.v4), bitmaps_}, {std::move(destinations.v4), bitmaps_}};
  addresses6_ = {{std::move(sources.v6), bitmaps_}, {std::move(destinations.v6), bitmaps_}};
}

Status RuleSet::build_ports(std::span<const PortConfig> ports, std::span<const RuleConfig> rules) {
  const auto fill = [&](std::vector<std::string> RuleConfig::*side,
                        std::vector<RuleBitmaps::Index>& by_port) -> Status {
    std::vector<RuleBits> sets(ports.size(), bitmaps_.empty_set());
    for (std::uint32_t place = 0; place < rules.size(); ++place) {
      const auto& names = rules[place].*side;
      for (std::size_t port = 0; names.empty() && port < ports.size(); ++port) add_place(sets[port], place);
      for (const std::string& name : names) {
        const auto port = std::find_if(ports.begin(), ports.end(),
                                       [&](const PortConfig& known) { return known.name == name; });
        if (port == ports.end())
          return fail(Errc::invalid_argument, "rule " + std::to_string(rules[place].id) + " names port '" +
                                                  name + "', which is not there");
        add_place(sets[static_cast<std::size_t>(port - ports.begin())], place);
      }
    }
    for (const RuleBits& set : sets) by_port.push_back(bitmaps_.add(set));
    return {};
  };
  if (Status from = fill(&RuleConfig::from, from_); !from) return from;
  return fill(&RuleConfig::to, to_);
}

template <class Key>
const Rule* RuleSet::first(const Addresses<Key>& addresses, const Key& source, const Key& destination,
                           const ServiceTable::Asked& service, PortIndex from, PortIndex to) const {
  const std::array<RuleBitmaps::Index, 5> sets{addresses.source.find(source),
                                               addresses.destination.find(destination),
                                               services_.find(service), from_[from], to_[to]};
  const std::uint32_t place = bitmaps_.first_common(
      sets, [&](std::uint32_t candidate) { return services_.accepts(candidate, service); });
  return place == RuleBitmaps::kNone ? nullptr : &rules_[place];
}

const Rule* RuleSet::match(const region::FlowKey& key, PortIndex from, PortIndex to) const {
  return first(addresses4_, rte_be_to_cpu_32(key.source_be), rte_be_to_cpu_32(key.destination_be),
               asked_of(key), from, to);
}

const Rule* RuleSet::match(const region::FlowKey6& key, PortIndex from, PortIndex to) const {
  return first(addresses6_, address6(key.source.data()), address6(key.destination.data()), asked_of(key),
               from, to);
}

}  // namespace stillwater::dataplane
