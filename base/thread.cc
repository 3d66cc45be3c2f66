#include "base/thread.h"

#include <cstring>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

namespace stillwater {

void name_this_thread(const char* name) {
  char kept[16] = {};
  std::strncpy(kept, name, sizeof(kept) - 1);
  pthread_setname_np(pthread_self(), kept);
}

Status make_this_thread_realtime(int priority) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
  if (error != 0) return fail_errno("cannot use real-time scheduling (CAP_SYS_NICE is needed)", error);
  return {};
}

void OwnFiles::take() {
  own_ = kPossible && unshare(CLONE_FILES) == 0;
  taken_.count_down();
}

void OwnFiles::wait_and_leave(std::span<const int> handed_over) {
  taken_.wait();
  if (!own_) return;
  for (const int fd : handed_over) close(fd);
}

}  // namespace stillwater
