#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <ifaddrs.h>

#include "appliance/doctor/system.h"

namespace stillwater::appliance::doctor {
namespace {

template <class T>
std::uint8_t set_bits(const T& mask) {
  const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(mask);
  int bits = 0;
  for (const std::uint8_t byte : bytes) bits += std::popcount(byte);
  return static_cast<std::uint8_t>(bits);
}

std::optional<IpPrefix> prefix_of(const ifaddrs& one) {
  if (one.ifa_addr == nullptr || one.ifa_netmask == nullptr) return std::nullopt;
  if (one.ifa_addr->sa_family == AF_INET) {
    sockaddr_in address{}, mask{};
    std::memcpy(&address, one.ifa_addr, sizeof(address));
    std::memcpy(&mask, one.ifa_netmask, sizeof(mask));
    return IpPrefix{IpAddress::v4(address.sin_addr.s_addr), set_bits(mask.sin_addr)};
  }
  if (one.ifa_addr->sa_family == AF_INET6) {
    sockaddr_in6 address{}, mask{};
    std::memcpy(&address, one.ifa_addr, sizeof(address));
    std::memcpy(&mask, one.ifa_netmask, sizeof(mask));
    return IpPrefix{IpAddress::v6(&address.sin6_addr), set_bits(mask.sin6_addr)};
  }
  return std::nullopt;
}

}  // namespace

std::vector<trackers::Availability> LiveSystem::trackers() const { return trackers::probe(); }

std::vector<LocalAddress> LiveSystem::addresses() const {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(all, &freeifaddrs);
  std::vector<LocalAddress> found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next)
    if (const auto prefix = prefix_of(*one)) found.push_back({one->ifa_name, *prefix});
  return found;
}

bool LiveSystem::clock_is_synchronised() const {
  timex state{};
  return adjtimex(&state) != TIME_ERROR;
}

std::chrono::sys_seconds LiveSystem::now() const {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::optional<std::uint64_t> LiveSystem::free_bytes(const std::string& folder) const {
  struct statvfs found {};
  if (statvfs(folder.c_str(), &found) != 0) return std::nullopt;
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

}  // namespace stillwater::appliance::doctor
