// A breakpoint in a running process, for ending it exactly there. The program is not built for it and has no
// branch for it: one byte of its text is replaced while it is watched.
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

// Puts an int3 at `address` of `pid`, waits until a thread arrives there, and ends the whole process with
// SIGKILL before that instruction runs. Returns the moment. timed_out if none arrived within `limit`, and
// unavailable if the process ended by itself; in the first case it runs on, its text as it was.
// The calling thread becomes the tracer of all its threads and must end soon after: call it on a thread of
// its own, which has no children. The process stays to be reaped by its parent.
[[nodiscard]] Result<Instant> kill_at(pid_t pid, std::uintptr_t address, Nanos limit);

}  // namespace stillwater::rig
