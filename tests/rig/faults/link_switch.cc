#include "tests/rig/faults/link_switch.h"

#include <cerrno>
#include <cstring>

#include <net/if.h>
#include <sys/ioctl.h>

#include "tests/rig/load/sockets.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

Result<ifreq> flags_of(const UniqueFd& control, const std::string& interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (ioctl(control.get(), SIOCGIFFLAGS, &request) != 0)
    return fail_errno("no interface " + interface, errno);
  return request;
}

}  // namespace

Result<LinkSwitch> LinkSwitch::prepare(int space_fd, std::vector<std::string> interfaces) {
  UniqueFd control;
  const Status made = inside_space(space_fd, [&]() -> Status {
    auto fd = udp_socket();
    if (!fd) return tl::unexpected(fd.error());
    control = std::move(*fd);
    return {};
  });
  if (!made) return tl::unexpected(made.error());
  for (const std::string& interface : interfaces) {
    if (auto there = flags_of(control, interface); !there) return tl::unexpected(there.error());
  }
  return LinkSwitch(std::move(control), std::move(interfaces));
}

Status LinkSwitch::set(bool up) {
  for (const std::string& interface : interfaces_) {
    auto request = flags_of(control_, interface);
    if (!request) return tl::unexpected(request.error());
    const int flags = up ? request->ifr_flags | IFF_UP : request->ifr_flags & ~IFF_UP;
    request->ifr_flags = static_cast<short>(flags);
    if (ioctl(control_.get(), SIOCSIFFLAGS, &*request) != 0) {
      return fail_errno("cannot take " + interface + (up ? " up" : " down"), errno);
    }
  }
  return {};
}

}  // namespace stillwater::rig
