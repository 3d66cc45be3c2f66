#include "mgmt/arbiter/witness_client.h"

#include <condition_variable>
#include <thread>

#include <sys/eventfd.h>

#include "base/fd.h"
#include "base/thread.h"
#include "mgmt/arbiter/rules.h"
#include "mgmt/arbiter/witness_connection.h"

namespace stillwater::mgmt::arbiter {
namespace {

constexpr auto kKeepWarmEvery = 1s;

struct Request {
  bool is_swap = false;
  ArbiterRecord expected{};
  ArbiterRecord next{};
};

}  // namespace

// The mutex is held for moments only, never while gRPC is at work.
class WitnessClient::Worker {
 public:
  Worker(const WitnessClientOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials,
         UniqueFd wake)
      : wake_(std::move(wake)), connection_(options, std::move(credentials)), thread_([this] { run(); }) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    connection_.stop();
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
          request->is_swap ? connection_.swap(request->expected, request->next) : connection_.read();
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
      connection_.keep_warm();
      lock.lock();
    }
    if (stopped_) return std::nullopt;
    return std::exchange(request_, std::nullopt);
  }

  const UniqueFd wake_;
  WitnessConnection connection_;  // but for stop(), of thread_ alone
  std::mutex mutex_;              // guards what follows
  std::condition_variable changed_;
  bool stopped_ = false;
  std::optional<Request> request_;
  std::optional<ArbiterAnswer> answer_;
  std::thread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<WitnessClient>> WitnessClient::create(const WitnessClientOptions& options) {
  if (const Status ok = check_pair_name(options.pair); !ok) return tl::unexpected(ok.error());
  auto credentials = channel_protection(options.address, {options.tls, options.files});
  if (!credentials) return tl::unexpected(credentials.error());
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return fail_errno("cannot make an eventfd for the arbiter", errno);
  return std::unique_ptr<WitnessClient>(
      new WitnessClient(std::make_unique<Worker>(options, std::move(*credentials), std::move(wake))));
}

WitnessClient::WitnessClient(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
WitnessClient::~WitnessClient() = default;

void WitnessClient::read() { worker_->ask({}); }

void WitnessClient::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  worker_->ask({true, expected, next});
}

int WitnessClient::wake_fd() const { return worker_->wake_fd(); }

std::optional<ArbiterAnswer> WitnessClient::take_answer() { return worker_->take_answer(); }

}  // namespace stillwater::mgmt::arbiter
