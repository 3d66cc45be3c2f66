#include "tests/rig/faults/kill.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <net/if.h>
#include <sys/ioctl.h>

#include "base/thread.h"
#include "tests/rig/load/sockets.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {
namespace {

constexpr int kPriority = 30;

Result<ifreq> flags_of(const UniqueFd& control, const std::string& interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (ioctl(control.get(), SIOCGIFFLAGS, &request) != 0)
    return fail_errno("no interface " + interface, errno);
  return request;
}

}  // namespace

Result<NodeKill> NodeKill::prepare(int space_fd, pid_t pid, std::vector<std::string> interfaces) {
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
  return NodeKill(std::move(control), pid, std::move(interfaces));
}

Result<NodeKill::Struck> NodeKill::strike() {
  Result<Struck> struck;
  std::thread([&] {
    // The dying process's threads compete for the processor; without the right to go first it only takes
    // longer, and `took` says how long.
    (void)make_this_thread_realtime(kPriority);
    struck = strike_now();
  }).join();
  return struck;
}

Result<NodeKill::Struck> NodeKill::strike_now() {
  const BootClock clock;
  Struck struck{clock.now()};
  if (pid_ > 0 && kill(pid_, SIGKILL) != 0) return fail_errno("cannot kill the daemon", errno);
  for (const std::string& interface : interfaces_) {
    auto request = flags_of(control_, interface);
    if (!request) return tl::unexpected(request.error());
    request->ifr_flags = static_cast<short>(request->ifr_flags & ~IFF_UP);
    if (ioctl(control_.get(), SIOCSIFFLAGS, &*request) != 0) {
      return fail_errno("cannot take " + interface + " down", errno);
    }
  }
  struck.took = clock.now() - struck.at;
  return struck;
}

}  // namespace stillwater::rig
