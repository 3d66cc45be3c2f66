#include "base/thread.h"

#include <cstring>

#include <pthread.h>
#include <sched.h>

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

}  // namespace stillwater
