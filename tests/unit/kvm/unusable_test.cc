// Where there is no KVM the library says so, in words that an operator can act on.
#include <functional>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <grp.h>
#include <sched.h>

#include "tests/unit/kvm/pair.h"

namespace stillwater::tests {
namespace {

// What `usable` says in a process of its own, after `prepare`.
std::string said_after(const std::function<bool()>& prepare) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string text = "not prepared";
    if (prepare()) {
      const Status usable = kvm::usable(kvm::Tracking::log);
      text = usable ? "usable" : usable.error().message;
    }
    _exit(write(ends[1], text.data(), text.size()) < 0);
  }
  close(ends[1]);
  char text[256];
  const ssize_t n = read(ends[0], text, sizeof(text));
  close(ends[0]);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  return {text, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
}

bool is_root() {
  if (geteuid() != 0) WARN("skipped: needs root");
  return geteuid() == 0;
}

}  // namespace

TEST_CASE("no /dev/kvm: the reason is given") {
  if (!is_root()) return;
  const std::string said = said_after([] {
    return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("none", "/dev", "tmpfs", 0, nullptr) == 0;
  });
  if (said == "not prepared") {
    WARN("skipped: no mount namespaces here");
    return;
  }
  CHECK(said == "KVM cannot be used: /dev/kvm: No such file or directory");
}

TEST_CASE("no permission for /dev/kvm: the reason is given") {
  if (!is_root()) return;
  struct stat device {};
  if (stat("/dev/kvm", &device) != 0 || (device.st_mode & 06) != 0) {
    WARN("skipped: /dev/kvm is missing, or open to everybody");
    return;
  }
  constexpr unsigned kNobody = 65534;
  const std::string said =
      said_after([] { return setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0; });
  CHECK(said == "KVM cannot be used: /dev/kvm: Permission denied");
}

}  // namespace stillwater::tests
