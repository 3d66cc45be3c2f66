// Linked into a second copy of the agent's tests: there the kernel refuses membarrier, as under a strict
// filter of system calls, and threads fence for themselves.
#include <array>
#include <cerrno>
#include <cstddef>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "quiesce/plugin/barrier_all_threads.h"

namespace stillwater::quiesce::plugin {
namespace {

// Before any thread is started, so that all inherit it.
__attribute__((constructor)) void refuse_membarrier() {
  std::array program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

}  // namespace

TEST_CASE("where the kernel refuses membarrier, that is known") { CHECK_FALSE(enable_barriers()); }

}  // namespace stillwater::quiesce::plugin
