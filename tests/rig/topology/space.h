// One network namespace that this run made, and doing things inside of it.
#pragma once

#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

// Owns the namespace's name: the destructor deletes it. The namespace itself, with all its interfaces, goes
// when its last process and socket are gone too. Not thread-safe.
class Space {
 public:
  // `name` is the system-wide name, as `ip netns` shows it.
  [[nodiscard]] static Result<Space> create(const std::string& name);
  Space(Space&& other) noexcept;
  Space& operator=(Space&&) = delete;
  ~Space();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int fd() const { return fd_.get(); }  // for setns; valid while the Space lives

 private:
  explicit Space(std::string name) : name_(std::move(name)) {}

  std::string name_;
  UniqueFd fd_;
};

// Moves the calling thread into a namespace for good. Call it on a thread of your own, never the main one.
[[nodiscard]] Status enter_space(int space_fd);

// Runs `work` on a thread inside the namespace and waits for it. Sockets made there stay there.
[[nodiscard]] Status inside_space(int space_fd, const std::function<Status()>& work);

}  // namespace stillwater::rig
