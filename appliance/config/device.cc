#include "appliance/config/device.h"

namespace stillwater::appliance {

std::string name_of_device(const std::string& device) { return device.substr(0, device.find(',')); }

bool is_of_driver(const std::string& device, std::string_view driver) { return device.starts_with(driver); }

std::optional<std::string> argument_of(const std::string& device, std::string_view key) {
  const std::string said = "," + std::string(key) + "=";
  const std::size_t at = device.rfind(said);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + said.size();
  return device.substr(begin, device.find(',', begin) - begin);
}

}  // namespace stillwater::appliance
