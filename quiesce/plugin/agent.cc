#include "quiesce/plugin/agent.h"

#include <csignal>
#include <thread>

#include <rte_ethdev.h>

#include "base/thread.h"
#include "quiesce/plugin/program_threads.h"

namespace stillwater::quiesce::plugin {
namespace {

// Most programs are free after a turn of their loop: look again at once, and less often later.
constexpr Nanos kLookEagerlyFor = 200us;
constexpr Nanos kBetweenLooks = 50us;

void wait_between_looks(Nanos waited) {
  if (waited < kLookEagerlyFor) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

Agent::Agent(const Clock& clock) : clock_(clock), ports_(clock) {}

void Agent::start_watching() {
  // The program's signals go to the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([this] { watch(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Agent::watch() {
  name_this_thread("stillwater");
  Instant polling_noted_at{};
  std::unique_lock lock(mutex_);
  while (true) {
    watch_once(polling_noted_at);
    state_changed_.wait_for(lock, state_ == State::running ? kWatch : kWatchQuiesced);
  }
}

void Agent::watch_once(Instant& polling_noted_at) {
  ports_.wrap_new();
  const Instant now = clock_.now();
  if (state_ == State::quiesced && resume_at_ != Instant{} && now >= resume_at_) {
    last_error_ = "resumed by itself: nobody did within limit_us";
    run_again();
  }
  if (now - polling_noted_at < Ports::kPollingLooks) return;
  polling_noted_at = now;
  ports_.note_polling();
}

void Agent::run_again() {
  ports_.resume();
  state_ = State::running;
  state_changed_.notify_all();
}

Status Agent::check(const QuiesceRequest& request) const {
  if (state_ == State::quiescing) return fail(Errc::failed_precondition, "a quiesce is under way already");
  if (state_ == State::quiesced) return fail(Errc::failed_precondition, "quiesced already; resume first");
  for (const std::uint16_t port : request.ports) {
    if (rte_eth_dev_is_valid_port(port) == 0) {
      return fail(Errc::invalid_argument, "port " + std::to_string(port) + " does not exist");
    }
  }
  return {};
}

Look Agent::look() {
  Look look = ports_.look();
  look.threads = look_at_threads();
  return look;
}

Result<Indication> Agent::quiesce(const QuiesceRequest& request) {
  const Instant asked_at = clock_.now();
  std::unique_lock lock(mutex_);
  if (Status possible = check(request); !possible) return tl::unexpected(possible.error());
  ports_.wrap_new();
  state_ = State::quiescing;
  state_changed_.notify_all();
  ports_.stop(request.ports);
  const Look start = look();
  lock.unlock();
  Settling settling(start, request.timeout, request.settle, is_runnable);
  const auto indication = await_free(request, settling, start);
  return indication.map([&](Indication it) {
    it.took = clock_.now() - asked_at;
    return it;
  });
}

Result<Indication> Agent::await_free(const QuiesceRequest& request, Settling& settling, const Look& start) {
  while (true) {
    wait_between_looks(clock_.now() - start.at);
    const std::lock_guard lock(mutex_);
    // Another command may have resumed it, and yet another may have begun a quiesce of its own.
    if (state_ != State::quiescing) return fail(Errc::failed_precondition, "resumed by another command");
    const Look now = look();
    const Verdict verdict = settling.look(now);
    if (verdict.state != Verdict::State::wait) return conclude(verdict, request, start, now);
  }
}

Result<Indication> Agent::conclude(const Verdict& verdict, const QuiesceRequest& request, const Look& start,
                                   const Look& now) {
  if (verdict.state == Verdict::State::timed_out) {
    ++timeouts_;
    last_error_ = verdict.reason + "; " + std::to_string(verdict.inside) + " packets inside; resumed";
    run_again();
    return fail(Errc::timed_out, last_error_);
  }
  // The account does not close: from now on it cannot tell an empty program from one that holds packets.
  if (!verdict.exact && now.received != now.transmitted) ports_.distrust_balance();
  ++quiesces_;
  state_ = State::quiesced;
  resume_at_ = request.limit == 0ns ? Instant{} : clock_.now() + request.limit;
  return Indication{.basis = verdict.basis,
                    .exact = verdict.exact,
                    .unaccounted = verdict.unaccounted,
                    .drained = now.transmitted - start.transmitted,
                    .took = {}};
}

Status Agent::resume() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::running) return fail(Errc::failed_precondition, "not quiesced; it runs");
  run_again();
  return {};
}

AgentStatus Agent::status() {
  const std::lock_guard lock(mutex_);
  return {.state = state_,
          .quiesces = quiesces_,
          .timeouts = timeouts_,
          .last_error = last_error_,
          .has_barriers = ports_.has_barriers(),
          .ports = ports_.look_at_ports()};
}

State Agent::state() {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace stillwater::quiesce::plugin
