// The plug-in's state machine: running > quiescing > quiesced > running; and the thread that keeps ports
// wrapped.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "quiesce/plugin/parameters.h"
#include "quiesce/plugin/ports.h"
#include "quiesce/plugin/status.h"

namespace stillwater::quiesce::plugin {

// All calls from any thread. It is never destroyed: threads of the program may be inside its wrappers until
// the process ends.
class Agent {
 public:
  // While no port is started; see Ports.
  explicit Agent(const Clock& clock);

  // Starts the thread that wraps ports as they start: within kWatch, and within kWatchQuiesced while quiesced
  // (as far as that thread gets a processor).
  void start_watching();

  // Returns when the program holds no packet. failed_precondition: not running, or resumed meanwhile;
  // timed_out: the program runs again, and the message says what it waited for.
  [[nodiscard]] Result<Indication> quiesce(const QuiesceRequest& request);
  // failed_precondition: it runs. Calls a quiesce that is under way off.
  [[nodiscard]] Status resume();
  [[nodiscard]] AgentStatus status();
  [[nodiscard]] State state();

  static constexpr Nanos kWatch = 1ms;
  static constexpr Nanos kWatchQuiesced = 100us;

 private:
  [[noreturn]] void watch();
  void watch_once(Instant& polling_noted_at);
  [[nodiscard]] Status check(const QuiesceRequest& request) const;
  [[nodiscard]] Look look();
  [[nodiscard]] Result<Indication> await_free(const QuiesceRequest& request, Settling& settling,
                                              const Look& start);
  // With mutex_ held.
  void run_again();
  [[nodiscard]] Result<Indication> conclude(const Verdict& verdict, const QuiesceRequest& request,
                                            const Look& start, const Look& now);

  const Clock& clock_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable state_changed_;
  State state_ = State::running;
  Ports ports_;
  Instant resume_at_{};
  std::uint64_t quiesces_ = 0;
  std::uint64_t timeouts_ = 0;
  std::string last_error_;
};

}  // namespace stillwater::quiesce::plugin
