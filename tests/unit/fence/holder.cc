#include "tests/unit/fence/holder.h"

#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "appliance/fence/ebpf_fence.h"
#include "base/fd.h"
#include "base/transmit_permit.h"

namespace stillwater::appliance {
namespace {

[[noreturn]] void hold(int space_fd, Instant until, int ready_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!rig::enter_space(space_fd)) _exit(1);
  auto fence = EbpfFence::load();
  if (!fence) _exit(2);
  TransmitPermit permit((*fence)->until_ns());
  permit.set_until(until);
  if (!(*fence)->attach("eth0") || write(ready_fd, "r", 1) != 1) _exit(3);
  for (;;) pause();
}

}  // namespace

Holder::Holder(const rig::Space& space, Instant until) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const UniqueFd ready(ends[0]);
  UniqueFd told(ends[1]);
  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) hold(space.fd(), until, told.get());
  told.reset();  // so that a holder that fails is an end of file
  char word = 0;
  REQUIRE(read(ready.get(), &word, 1) == 1);
}

void Holder::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace stillwater::appliance
