// When a pool of source NAT runs short, and when it no longer does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "dataplane/dataplane.h"

namespace stillwater::appliance {

enum class PoolAlarm : std::uint8_t {
  none,
  short_of_ports,  // more than 90 % of its ports are given
  exhausted,       // a session found none
};

// Decides alone: figures and time come in, what is new goes out. One thread.
class NatAlarms {
 public:
  static constexpr unsigned kBeginsPercent = 90, kEndsPercent = 80;  // of the ports that may be taken
  static constexpr Nanos kCalm = 10s;  // since a session found no port, after which there are some again

  struct News {
    dataplane::NatPoolUse use;
    PoolAlarm alarm;
  };

  // `uses`: of each address and protocol of which ports are taken, or were asked for in vain. What alarms
  // begin, end or change by that.
  [[nodiscard]] std::vector<News> look(std::span<const dataplane::NatPoolUse> uses, Instant now);
  [[nodiscard]] PoolAlarm of(const dataplane::NatPoolUse& use) const;

 private:
  using Key = std::pair<std::uint32_t, std::uint8_t>;  // address, protocol
  struct Pool {
    PoolAlarm alarm = PoolAlarm::none;
    std::uint64_t refused = 0;
    std::optional<Instant> refused_at{};
  };
  [[nodiscard]] static PoolAlarm judged(const dataplane::NatPoolUse& use, const Pool& pool, Instant now);

  std::map<Key, Pool> pools_;
};

}  // namespace stillwater::appliance
