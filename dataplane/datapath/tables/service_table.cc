#include "dataplane/datapath/tables/service_table.h"

#include <algorithm>
#include <optional>

#include <netinet/in.h>

namespace stillwater::dataplane {
namespace {

using Ranges = std::vector<IntervalTable<std::uint16_t>::Range>;

constexpr PortRange kAll{0, 65535};
constexpr std::uint8_t kWithSelectors[]{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6};

bool contains(const std::vector<PortRange>& ranges, std::uint16_t port) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(),
                                       [&](const PortRange& range) { return range.contains(port); });
}

// Whether a packet of `protocol` can be of the service; none: of a protocol that no rule names.
bool applies(const ServiceConfig& service, std::optional<std::uint8_t> protocol) {
  if (service.protocol && service.protocol != protocol) return false;
  const bool wants_ports = !service.destination_ports.empty() || !service.source_ports.empty();
  if (wants_ports && !(protocol && has_ports(*protocol))) return false;
  return service.icmp_types.empty() || (protocol && has_icmp_types(*protocol));
}

void add_selectors(const ServiceConfig& service, std::uint32_t place, Ranges& ranges) {
  for (const PortRange& range : service.destination_ports) ranges.push_back({range.first, range.last, place});
  for (const std::uint8_t type : service.icmp_types) ranges.push_back({type, type, place});
  if (service.destination_ports.empty() && service.icmp_types.empty())
    ranges.push_back({kAll.first, kAll.last, place});
}

// Which selectors of the protocol each rule serves.
Ranges ranges_of(std::span<const RuleConfig> rules, std::optional<std::uint8_t> protocol) {
  Ranges ranges;
  for (std::uint32_t place = 0; place < rules.size(); ++place) {
    if (rules[place].services.empty()) ranges.push_back({kAll.first, kAll.last, place});
    for (const ServiceConfig& service : rules[place].services)
      if (applies(service, protocol)) add_selectors(service, place, ranges);
  }
  return ranges;
}

}  // namespace

ServiceTable::ServiceTable(std::span<const RuleConfig> rules, RuleBitmaps& bitmaps)
    : names_source_ports_(rules.size()), services_(rules.size()) {
  std::array<bool, 256> named{};
  for (const std::uint8_t protocol : kWithSelectors) named[protocol] = true;
  for (std::uint32_t place = 0; place < rules.size(); ++place) {
    for (const ServiceConfig& service : rules[place].services) {
      if (service.protocol) named[*service.protocol] = true;
      if (!service.source_ports.empty()) names_source_ports_[place] = true;
    }
    if (names_source_ports_[place]) services_[place] = rules[place].services;
  }
  tables_.emplace_back(ranges_of(rules, std::nullopt), bitmaps);
  for (unsigned protocol = 0; protocol < named.size(); ++protocol) {
    if (!named[protocol]) continue;
    table_of_[protocol] = static_cast<std::uint16_t>(tables_.size());
    tables_.emplace_back(ranges_of(rules, static_cast<std::uint8_t>(protocol)), bitmaps);
  }
}

bool ServiceTable::serves(std::uint32_t place, const Asked& asked) const {
  const auto& services = services_[place];
  return std::any_of(services.begin(), services.end(), [&](const ServiceConfig& service) {
    if (!applies(service, asked.protocol) || !contains(service.source_ports, asked.source_port)) return false;
    const auto& types = service.icmp_types;
    return contains(service.destination_ports, asked.selector) &&
           (types.empty() || std::find(types.begin(), types.end(), asked.selector) != types.end());
  });
}

}  // namespace stillwater::dataplane
