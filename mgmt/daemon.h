// What our daemons do alike before they start: where the log goes, and which signals end them.
#pragma once

#include <csignal>
#include <string>

namespace stillwater::mgmt {

// Sends spdlog, and what gRPC says, to standard error, one line an event: time, level, thread, text. `level`
// as spdlog names them. Once a process.
void set_up_log(const std::string& level);

// SIGINT, SIGTERM and SIGHUP, blocked from now on in this thread and those that it starts, so that only a
// sigwait receives them. To be called before any thread exists.
[[nodiscard]] sigset_t block_ending_signals();

}  // namespace stillwater::mgmt
