// DPDK's device strings: "net_af_packet0,iface=eth0,qpairs=2".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stillwater::appliance {

// What stands before the first comma: the device's name.
[[nodiscard]] std::string name_of_device(const std::string& device);
// Whether that begins with the driver's name, by which DPDK finds it.
[[nodiscard]] bool is_of_driver(const std::string& device, std::string_view driver);
// What is said as KEY=VALUE; the last, as drivers read it.
[[nodiscard]] std::optional<std::string> argument_of(const std::string& device, std::string_view key);

}  // namespace stillwater::appliance
