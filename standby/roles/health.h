// How unfit a node is to lead though it lives: ports without a link, targets that it cannot reach. Sans-io.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"

namespace stillwater::standby {

// One thread.
class Health {
 public:
  // What was ill counts as ill until it has been well for `recovery`: what comes and goes is not trusted.
  explicit Health(Nanos recovery) : recovery_(recovery) {}

  // `what`, in words, is ill, or well, now. Weight 0 does not count.
  void report(const std::string& what, std::uint16_t weight, bool well, Instant now);

  // The sums of weights, 65535 at most: of what is ill at present, which may cost a node the lead; and of
  // what counts as ill, what has not recovered yet included, which keeps it from being given the lead.
  [[nodiscard]] std::uint16_t ill() const;
  [[nodiscard]] std::uint16_t penalty(Instant now) const;
  // "port inside has no link (100), ..."; empty: well.
  [[nodiscard]] std::string text(Instant now) const;

 private:
  struct Ailment {
    std::uint16_t weight;
    bool well;
    Instant ill_at;  // last
  };
  [[nodiscard]] bool counts(const Ailment& ailment, Instant now) const {
    return !ailment.well || now - ailment.ill_at < recovery_;
  }

  template <class Counts>
  [[nodiscard]] std::uint16_t sum(const Counts& counts) const;

  Nanos recovery_;
  std::map<std::string, Ailment> ailments_;  // what was ever ill
};

}  // namespace stillwater::standby
