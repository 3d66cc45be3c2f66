// A memory barrier on every thread of this process, paid for by the caller alone.
#pragma once

namespace stillwater::quiesce::plugin {

// Registers the process for expedited membarriers. False: the kernel refuses (too old, or a filter of system
// calls), and threads must fence for themselves.
[[nodiscard]] bool enable_barriers();

// Every other thread has passed a full barrier between this call's begin and its end. Some microseconds.
// Without enable_barriers it is a barrier of the calling thread only.
void barrier_all_threads();

}  // namespace stillwater::quiesce::plugin
