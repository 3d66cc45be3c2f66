// What other threads ask of the replication thread.
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "appliance/node/node.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kOperatorQuiesceMax = 60s;

}  // namespace

template <class T>
std::future<T> Node::post(std::function<void(std::promise<T>)> act) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back([promise, act = std::move(act)] { act(std::move(*promise)); });
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = write(request_fd_.get(), &one, sizeof(one));
  return answer;
}

void Node::run_requests() {
  std::vector<std::function<void()>> requests;
  {
    const std::lock_guard lock(mutex_);
    requests.swap(requests_);
  }
  for (auto& request : requests) request();
  if (operator_quiesce_until_ && parts_.clock.now() >= *operator_quiesce_until_)
    end_operator_quiesce("its limit has passed");
  if (operator_quiesce_until_ && !machine().leads()) forget_operator_quiesce();
  if (const auto answer = pair_->take_checkpoint_answer()) answer_checkpoint_waiters(*answer);
  if (!pair_->engine().has_standby())
    answer_checkpoint_waiters(fail(Errc::failed_precondition, "this node has no standby to commit on"));
}

void Node::answer_checkpoint_waiters(const Result<std::uint64_t>& answer) {
  for (auto& waiter : std::exchange(checkpoint_waiters_, {})) waiter.set_value(answer);
}

void Node::checkpoint_for(std::promise<Result<std::uint64_t>> waiter) {
  if (!machine().leads())
    return waiter.set_value(fail(Errc::failed_precondition, "only the active takes checkpoints"));
  if (operator_quiesce_until_)
    return waiter.set_value(
        fail(Errc::failed_precondition, "the dataplane is quiesced by an operator; resume it first"));
  checkpoint_waiters_.push_back(std::move(waiter));
  pair_->request_checkpoint();
}

std::future<Result<std::uint64_t>> Node::request_checkpoint() {
  return post<Result<std::uint64_t>>(
      [this](std::promise<Result<std::uint64_t>> answer) { checkpoint_for(std::move(answer)); });
}

std::future<Result<std::uint64_t>> Node::request_commit() {
  return post<Result<std::uint64_t>>([this](std::promise<Result<std::uint64_t>> answer) {
    const bool nobody_waits = parts_.epochs.committed() == CommittedEpoch::kNobodyToWaitFor;
    if (machine().leads() && nobody_waits) return answer.set_value(std::uint64_t{0});
    checkpoint_for(std::move(answer));
  });
}

std::future<Status> Node::request_quiesce(Nanos limit) {
  return post<Status>([this, limit](std::promise<Status> answer) {
    if (limit <= Nanos(0) || limit > kOperatorQuiesceMax)
      return answer.set_value(fail(Errc::invalid_argument, "the limit must be between 1 ms and 60 s"));
    if (!machine().leads())
      return answer.set_value(
          fail(Errc::failed_precondition, "a node that does not lead is quiesced already"));
    if (operator_quiesce_until_)
      return answer.set_value(fail(Errc::failed_precondition, "the dataplane is quiesced already"));
    Status quiesced = parts_.dataplane.barrier().quiesce(policy_.quiesce_timeout);
    if (quiesced) {
      operator_quiesce_until_ = parts_.clock.now() + limit;
      pair_->pause(true);
      publish();
      spdlog::warn("quiesced by an operator for at most {:.0f} ms", milliseconds(limit));
    }
    answer.set_value(std::move(quiesced));
  });
}

std::future<Status> Node::request_resume() {
  return post<Status>([this](std::promise<Status> answer) {
    if (!operator_quiesce_until_)
      return answer.set_value(
          fail(Errc::failed_precondition, "the dataplane is not quiesced by an operator"));
    end_operator_quiesce("asked to");
    answer.set_value({});
  });
}

void Node::end_operator_quiesce(const char* why) {
  forget_operator_quiesce();
  parts_.dataplane.barrier().resume();
  spdlog::warn("resumed after an operator's quiesce: {}", why);
  publish();
}

void Node::forget_operator_quiesce() {
  operator_quiesce_until_.reset();
  pair_->pause(false);
}

engine::Policy Node::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

std::future<Status> Node::request_policy(const engine::Policy& policy) {
  return post<Status>([this, policy](std::promise<Status> answer) {
    pair_->set_policy(policy);
    {
      const std::lock_guard lock(mutex_);
      policy_ = policy;
    }
    answer.set_value({});
  });
}

}  // namespace stillwater::appliance
