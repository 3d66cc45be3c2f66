// Which targets answer ARP probes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "appliance/health/arp_prober.h"
#include "base/clock.h"
#include "standby/failure_detector.h"

namespace stillwater::appliance {

// One thread.
class Reachability {
 public:
  struct Target {
    std::string port;  // its name, for people
    std::string interface;
    std::array<std::uint8_t, 6> virtual_mac{};  // of the port
    std::uint32_t address = 0;                  // IPv4, host byte order
  };
  // A target counts as lost after `misses` probes without an answer, one each `interval`.
  // Errors: as open_packet_socket.
  [[nodiscard]] static Result<Reachability> open(const std::vector<Target>& targets, Nanos interval,
                                                 unsigned misses);

  // Call every few milliseconds: sends what is due, reads what has come.
  void look(Instant now);
  // As if nothing had been probed yet: what is asked now is another.
  void forget();

  [[nodiscard]] std::size_t count() const { return tracked_.size(); }
  [[nodiscard]] const Target& target(std::size_t i) const { return tracked_[i].target; }
  // It has answered since `forget`, ever; and it does not any more, or never did.
  [[nodiscard]] bool answered(std::size_t i) const { return tracked_[i].answered; }
  [[nodiscard]] bool lost(std::size_t i) const { return tracked_[i].lost; }

 private:
  struct Tracked {
    Target target;
    standby::FailureDetector detector;
    bool begun = false;
    bool answered = false;
    bool lost = false;
  };
  explicit Reachability(Nanos interval) : interval_(interval) {}
  void hear(const std::string& interface, std::uint32_t address, Instant now);

  Nanos interval_;
  Instant next_probe_{};
  std::map<std::string, ArpProber> probers_;  // by interface
  std::vector<Tracked> tracked_;
};

}  // namespace stillwater::appliance
