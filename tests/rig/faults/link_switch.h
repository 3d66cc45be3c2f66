// Takes interfaces of one namespace down and up again.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

// prepare() does what is slow; set() is two system calls an interface. Not thread-safe.
class LinkSwitch {
 public:
  [[nodiscard]] static Result<LinkSwitch> prepare(int space_fd, std::vector<std::string> interfaces);

  // All of them, in order; stops at the first that refuses.
  [[nodiscard]] Status set(bool up);

 private:
  LinkSwitch(UniqueFd control, std::vector<std::string> interfaces)
      : control_(std::move(control)), interfaces_(std::move(interfaces)) {}

  UniqueFd control_;  // a socket of the namespace: its ioctls act there, whatever thread calls them
  std::vector<std::string> interfaces_;
};

}  // namespace stillwater::rig
