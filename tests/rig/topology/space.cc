#include "tests/rig/topology/space.h"

#include <cerrno>
#include <cstdio>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "tests/rig/process/command.h"

namespace stillwater::rig {
namespace {

std::string path_of(const std::string& name) { return "/run/netns/" + name; }

}  // namespace

Result<Space> Space::create(const std::string& name) {
  if (access(path_of(name).c_str(), F_OK) == 0) {
    return fail(Errc::failed_precondition, "namespace " + name + " exists already");
  }
  // Owned before it is made: a half-done `ip netns add` is cleaned up too.
  Space space(name);
  if (auto made = must_run({"ip", "netns", "add", name}); !made) return tl::unexpected(made.error());
  space.fd_.reset(open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!space.fd_) return fail_errno("cannot open namespace " + name, errno);
  return space;
}

Space::Space(Space&& other) noexcept : name_(std::exchange(other.name_, {})), fd_(std::move(other.fd_)) {}

Space::~Space() {
  fd_.reset();
  if (name_.empty() || access(path_of(name_).c_str(), F_OK) != 0) return;
  if (auto gone = must_run({"ip", "netns", "del", name_}); !gone) {
    std::fprintf(stderr, "left behind: namespace %s: %s\n", name_.c_str(), gone.error().message.c_str());
  }
}

Status enter_space(int space_fd) {
  if (setns(space_fd, CLONE_NEWNET) != 0) return fail_errno("cannot enter a network namespace", errno);
  return {};
}

Status inside_space(int space_fd, const std::function<Status()>& work) {
  Status status;
  std::thread([&] {
    status = enter_space(space_fd);
    if (status) status = work();
  }).join();
  return status;
}

}  // namespace stillwater::rig
