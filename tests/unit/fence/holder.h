// Another process that has a fence, to be killed.
#pragma once

#include <sys/types.h>

#include "base/clock.h"
#include "tests/rig/topology/space.h"

namespace stillwater::appliance {

// A child of this process with a fence at eth0 of a namespace, open until an instant.
class Holder {
 public:
  // Returns when the fence is attached.
  Holder(const rig::Space& space, Instant until);
  ~Holder() { kill(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  // SIGKILL; returns when it is gone.
  void kill();

 private:
  pid_t pid_ = -1;
};

}  // namespace stillwater::appliance
