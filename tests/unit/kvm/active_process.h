// A whole active in a process of its own: guest, engine, and a hold on output until its epoch is committed.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "ckpt_engine/kvm/machine.h"

namespace stillwater::tests {

// Killed when it goes out of scope, at the latest.
class ActiveProcess {
 public:
  explicit ActiveProcess(kvm::Tracking tracking);
  ActiveProcess(const ActiveProcess&) = delete;
  ActiveProcess& operator=(const ActiveProcess&) = delete;
  ~ActiveProcess() { kill(); }

  // SIGKILL, and waits for its end. Its sockets then end as well, after what it had sent.
  void kill();
  // Zero while it runs; the reason of an exit that nobody asked for.
  [[nodiscard]] int exit_status() const;

  [[nodiscard]] int client_fd() const { return client_.get(); }  // packets, one a message
  [[nodiscard]] int replication_fd() const {
    return replication_.get();
  }  // frames, and acknowledgements back

 private:
  UniqueFd client_, replication_;
  pid_t pid_ = -1;
};

}  // namespace stillwater::tests
