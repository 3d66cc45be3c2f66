// Ordered rules of both families: the first match decides, none denies.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/tables/interval_table.h"
#include "dataplane/datapath/tables/rule_bitmaps.h"
#include "dataplane/datapath/tables/service_table.h"

namespace stillwater::dataplane {

struct Rule {
  std::uint32_t id;
  RuleAction action;
  bool log = false;
  RuleLimit limit{};
  std::uint32_t idle_timeout_s = 0;  // 0: as the session's state has it
  std::uint32_t place = 0;           // in the order of the rules, from 0
};

// Each field of a packet (source, destination, service, the ports that it comes in by and leaves through)
// yields the set of rules that it satisfies; the first rule in all five sets decides. Immutable once built,
// any thread may match.
class RuleSet {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{1} << 30;

  // Errors: invalid_argument (a rule names a port that is not there), resource_exhausted (kRulesMax,
  // kRulePrefixesMax, kBytesMax), each saying which rule, or how many there may be.
  [[nodiscard]] static Result<RuleSet> build(std::span<const PortConfig> ports,
                                             std::span<const RuleConfig> rules);

  // The rule that decides about a session with this first packet, which leaves through `to`; null: none
  // matches. Of ICMP and ICMPv6 only echo requests open sessions, so they are what the key stands for.
  [[nodiscard]] const Rule* match(const region::FlowKey& key, PortIndex from, PortIndex to) const;
  [[nodiscard]] const Rule* match(const region::FlowKey6& key, PortIndex from, PortIndex to) const;

  [[nodiscard]] std::span<const Rule> rules() const { return rules_; }
  // By id; null: there is none of it.
  [[nodiscard]] const Rule* find(std::uint32_t id) const;
  [[nodiscard]] std::size_t bytes() const { return bitmaps_.bytes(); }

  // Whether the rule of that id says `log`. One that is not there does not.
  [[nodiscard]] bool logs(std::uint32_t rule_id) const {
    const Rule* rule = find(rule_id);
    return rule != nullptr && rule->log;
  }

 private:
  template <class Key>
  struct Addresses {
    IntervalTable<Key> source;
    IntervalTable<Key> destination;
  };

  explicit RuleSet(std::size_t rules) : bitmaps_(rules, kBytesMax) {}
  void build_addresses(std::span<const RuleConfig> rules);
  [[nodiscard]] Status build_ports(std::span<const PortConfig> ports, std::span<const RuleConfig> rules);
  template <class Key>
  [[nodiscard]] const Rule* first(const Addresses<Key>& addresses, const Key& source, const Key& destination,
                                  const ServiceTable::Asked& service, PortIndex from, PortIndex to) const;

  std::vector<Rule> rules_;
  std::vector<std::uint32_t> by_id_;  // places, by ascending id
  RuleBitmaps bitmaps_;
  Addresses<std::uint32_t> addresses4_;
  Addresses<Address6> addresses6_;
  ServiceTable services_;
  std::vector<RuleBitmaps::Index> from_;  // by port
  std::vector<RuleBitmaps::Index> to_;    // by port
};

}  // namespace stillwater::dataplane
