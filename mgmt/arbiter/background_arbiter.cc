#include "mgmt/arbiter/background_arbiter.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/thread.h"

namespace stillwater::mgmt::arbiter {
namespace {

constexpr auto kKeepWarmEvery = 1s;

struct Request {
  bool is_swap = false;
  ArbiterRecord expected{};
  ArbiterRecord next{};
};

}  // namespace

// The mutex is held for moments only, never while the connection is at work.
class BackgroundArbiter::Worker {
 public:
  Worker(std::unique_ptr<Connection> connection, UniqueFd wake)
      : wake_(std::move(wake)), connection_(std::move(connection)), thread_([this] { run(); }) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    connection_->stop();
    changed_.notify_one();
    thread_.join();
  }

  void ask(Request request) {
    {
      const std::lock_guard lock(mutex_);
      request_ = std::move(request);
    }
    changed_.notify_one();
  }

  std::optional<ArbiterAnswer> take_answer() {
    const std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    static_cast<void>(::eventfd_read(wake_.get(), &count));  // EAGAIN where there is none
    return std::exchange(answer_, std::nullopt);
  }

  [[nodiscard]] int wake_fd() const { return wake_.get(); }

 private:
  void run() {
    name_this_thread("sw-arbiter");
    while (const auto request = wait_for_request()) {
      ArbiterAnswer answer =
          request->is_swap ? connection_->swap(request->expected, request->next) : connection_->read();
      const std::lock_guard lock(mutex_);
      answer_ = std::move(answer);
      static_cast<void>(::eventfd_write(wake_.get(), 1));
    }
  }

  // None: the end.
  std::optional<Request> wait_for_request() {
    std::unique_lock lock(mutex_);
    const auto woken = [this] { return stopped_ || request_; };
    while (!changed_.wait_for(lock, kKeepWarmEvery, woken)) {
      lock.unlock();
      connection_->keep_warm();
      lock.lock();
    }
    if (stopped_) return std::nullopt;
    return std::exchange(request_, std::nullopt);
  }

  const UniqueFd wake_;
  const std::unique_ptr<Connection> connection_;  // but for stop(), of thread_ alone
  std::mutex mutex_;                              // guards what follows
  std::condition_variable changed_;
  bool stopped_ = false;
  std::optional<Request> request_;
  std::optional<ArbiterAnswer> answer_;
  std::thread thread_;  // last: it uses all of the above
};

Result<UniqueFd> BackgroundArbiter::make_wake_fd() {
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return fail_errno("cannot make an eventfd for the arbiter", errno);
  return wake;
}

BackgroundArbiter::BackgroundArbiter(std::unique_ptr<Connection> connection, UniqueFd wake)
    : worker_(std::make_unique<Worker>(std::move(connection), std::move(wake))) {}
BackgroundArbiter::~BackgroundArbiter() = default;

void BackgroundArbiter::read() { worker_->ask({}); }

void BackgroundArbiter::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  worker_->ask({true, expected, next});
}

int BackgroundArbiter::wake_fd() const { return worker_->wake_fd(); }

std::optional<ArbiterAnswer> BackgroundArbiter::take_answer() { return worker_->take_answer(); }

}  // namespace stillwater::mgmt::arbiter
