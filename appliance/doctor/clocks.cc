#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {

// Workers and heartbeats read the clock all the time: from the processor, or from a slow device.
Findings check_clock_source(const Subject& subject) {
  const auto source = subject.host.line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (!source) return {ok("clock-source", "not told by this kernel")};
  if (*source == "tsc" || *source == "kvm-clock" || *source == "hyperv_clocksource_tsc_page")
    return {ok("clock-source", *source)};
  return {advice(
      "clock-source", *source,
      "each look at the clock takes a microsecond, a thousand times a second and more",
      "clocksource=tsc tsc=reliable on the kernel's command line, where the processor's counter is steady")};
}

// Takeovers need no common clock; certificates and logs do.
Findings check_clock_sync(const Subject& subject) {
  if (subject.system.clock_is_synchronised()) return {ok("clock-sync", "set by a time server")};
  return {
      advice("clock-sync", "no time server sets the clock",
             "certificates may count as expired or not yet valid, and the nodes' logs do not fit together",
             "apt install chrony, or timedatectl set-ntp true")};
}

}  // namespace stillwater::appliance::doctor
