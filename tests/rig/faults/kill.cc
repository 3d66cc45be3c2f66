#include "tests/rig/faults/kill.h"

#include <cerrno>
#include <csignal>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {

Result<NodeKill> NodeKill::prepare(int space_fd, pid_t pid, std::vector<std::string> interfaces) {
  auto links = LinkSwitch::prepare(space_fd, std::move(interfaces));
  if (!links) return tl::unexpected(links.error());
  return NodeKill(std::move(*links), pid);
}

Result<Struck> NodeKill::strike() {
  return strike_in_real_time([this]() -> Status {
    if (pid_ > 0 && kill(pid_, SIGKILL) != 0) return fail_errno("cannot kill the daemon", errno);
    return links_.set(false);
  });
}

}  // namespace stillwater::rig
