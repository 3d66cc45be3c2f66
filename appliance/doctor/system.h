// What the host tells in no file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "ckpt_engine/trackers/factory.h"

namespace stillwater::appliance::doctor {

// An address of the host's, with the length of its network.
struct LocalAddress {
  std::string interface;
  IpPrefix address;
};

// The seam between the checks and the running host. Changes nothing there.
class System {
 public:
  virtual ~System() = default;
  // The trackers' own probes.
  [[nodiscard]] virtual std::vector<trackers::Availability> trackers() const = 0;
  [[nodiscard]] virtual std::vector<LocalAddress> addresses() const = 0;
  [[nodiscard]] virtual bool clock_is_synchronised() const = 0;
  [[nodiscard]] virtual std::chrono::sys_seconds now() const = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> free_bytes(const std::string& folder) const = 0;
};

class LiveSystem final : public System {
 public:
  [[nodiscard]] std::vector<trackers::Availability> trackers() const override;
  [[nodiscard]] std::vector<LocalAddress> addresses() const override;
  [[nodiscard]] bool clock_is_synchronised() const override;
  [[nodiscard]] std::chrono::sys_seconds now() const override;
  [[nodiscard]] std::optional<std::uint64_t> free_bytes(const std::string& folder) const override;
};

}  // namespace stillwater::appliance::doctor
