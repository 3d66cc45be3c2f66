// From protocol, destination port or ICMP type to the rules that serve them; source ports are looked at last.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/config.h"
#include "dataplane/datapath/tables/interval_table.h"
#include "dataplane/datapath/tables/rule_bitmaps.h"

namespace stillwater::dataplane {

// Immutable once built, any thread may read.
class ServiceTable {
 public:
  // What a packet is, in host byte order.
  struct Asked {
    std::uint8_t protocol;
    std::uint16_t selector;  // destination port; of ICMP and ICMPv6 the type; else 0
    std::uint16_t source_port;
  };

  ServiceTable() = default;
  // Rules by their place.
  ServiceTable(std::span<const RuleConfig> rules, RuleBitmaps& bitmaps);

  // Those that the packet satisfies, but for source ports.
  [[nodiscard]] RuleBitmaps::Index find(const Asked& asked) const {
    return tables_[table_of_[asked.protocol]].find(asked.selector);
  }
  // Whether it satisfies that rule with its source port too.
  [[nodiscard]] bool accepts(std::uint32_t place, const Asked& asked) const {
    return !names_source_ports_[place] || serves(place, asked);
  }

 private:
  [[nodiscard]] bool serves(std::uint32_t place, const Asked& asked) const;

  std::vector<IntervalTable<std::uint16_t>> tables_;  // the first is of protocols that no rule names
  std::array<std::uint16_t, 256> table_of_{};         // by protocol
  std::vector<bool> names_source_ports_;              // by place
  std::vector<std::vector<ServiceConfig>> services_;  // by place, of those rules
};

}  // namespace stillwater::dataplane
