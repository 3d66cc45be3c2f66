// Ordered rules: the first match decides, none denies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

struct Rule {
  std::uint32_t id;
  RuleAction action;
  bool log;
};

// Immutable once built; any thread may match. Linear: it is asked once a session.
class RuleSet {
 public:
  // Errors: invalid_argument (a rule names a port that is not there).
  [[nodiscard]] static Result<RuleSet> build(const Config& config);

  // The rule that decides about a session with this first packet; null: none matches.
  [[nodiscard]] const Rule* match(const region::FlowKey& key, PortIndex from, PortIndex to) const;

  // Whether the rule of that id says `log`. One that is not there does not.
  [[nodiscard]] bool logs(std::uint32_t rule_id) const {
    return std::binary_search(logged_ids_.begin(), logged_ids_.end(), rule_id);
  }

 private:
  struct Matcher {
    std::uint32_t source;  // addresses and masks in host byte order
    std::uint32_t source_mask;
    std::uint32_t destination;
    std::uint32_t destination_mask;
    PortIndex from;
    PortIndex to;
    PortRange ports;
    std::uint8_t protocol;
    bool any_protocol;
    Rule rule;
  };
  std::vector<Matcher> rules_;
  std::vector<std::uint32_t> logged_ids_;  // sorted
};

}  // namespace stillwater::dataplane
