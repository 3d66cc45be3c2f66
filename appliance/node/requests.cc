// What other threads ask of the replication thread.
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "appliance/node/node.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kOperatorQuiesceMax = 60s;
constexpr Nanos kSwitchoverPatience = 800ms;
constexpr std::size_t kConfigChangesMax = 64;

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
  serve_config_changes();
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

std::future<Result<ArbiterRecord>> Node::request_switchover(bool force) {
  return post<Result<ArbiterRecord>>([this, force](std::promise<Result<ArbiterRecord>> answer) {
    begin_switchover(force, std::move(answer));
  });
}

void Node::begin_switchover(bool force, std::promise<Result<ArbiterRecord>> waiter) {
  const Instant now = parts_.clock.now();
  const auto refuse = [&](const std::string& why) { waiter.set_value(fail(Errc::failed_precondition, why)); };
  if (machine().phase() == standby::Phase::handing) return refuse("a switchover is under way");
  if (!machine().leads()) return refuse("this node does not lead: ask the active");
  if (operator_quiesce_until_) return refuse("the dataplane is quiesced by an operator; resume it first");
  if (const std::string why = machine().cannot_fail_over_because(now); !why.empty()) return refuse(why);
  if (const Nanos left = lead_hold_.left(now); !force && left > 0ns)
    return refuse("the lead has changed lately, and stays here for " +
                  std::to_string((left.count() + 999'999'999) / 1'000'000'000) +
                  " s yet (hold_down); --force does not wait");
  if (!force && peer_penalty_ > health_->penalty())
    return refuse(peer_ + " is less fit to lead (penalty " + std::to_string(peer_penalty_) + ", here " +
                  std::to_string(health_->penalty()) +
                  "; its status says why); --force hands over all the same");
  if (Status begun = pair_->hand_over(); !begun) return waiter.set_value(tl::unexpected(begun.error()));
  switchover_waiter_ = std::move(waiter);
  switchover_until_ = now + kSwitchoverPatience;
}

void Node::watch_switchover() {
  if (switchover_until_ == Instant{}) return;
  const bool handing = machine().phase() == standby::Phase::handing;
  if (handing && parts_.clock.now() < switchover_until_) return;
  Result<ArbiterRecord> outcome = fail(Errc::failed_precondition, "no switchover: " + machine().why());
  if (machine().phase() == standby::Phase::standby)
    outcome = *machine().record();
  else if (handing && pair_->call_off_hand_over())
    outcome = fail(Errc::timed_out, "the last checkpoint was not committed in time; this node leads on");
  else if (handing)
    return;  // too late to call it off: the record decides
  if (!outcome) spdlog::warn("{}", outcome.error().message);
  switchover_until_ = {};
  std::exchange(switchover_waiter_, std::nullopt)->set_value(std::move(outcome));
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

std::future<Result<std::uint64_t>> Node::request_config_change(standby::ConfigBytes delta) {
  auto shared = std::make_shared<standby::ConfigBytes>(std::move(delta));
  return post<Result<std::uint64_t>>([this, shared](std::promise<Result<std::uint64_t>> answer) {
    if (stopping_) return answer.set_value(fail(Errc::unavailable, "the node stops"));
    if (!machine().leads())
      return answer.set_value(fail(Errc::failed_precondition, "this node does not lead: ask the active"));
    if (config_changes_.size() == kConfigChangesMax)
      return answer.set_value(fail(
          Errc::resource_exhausted,
          std::to_string(kConfigChangesMax) + " changes wait already; send the next when one is answered"));
    config_changes_.push_back({std::move(*shared), std::move(answer)});
  });
}

void Node::serve_config_changes() {
  if (auto made = pair_->take_config_answer(); made && !config_changes_.empty()) {
    config_changes_.front().waiter.set_value(std::move(*made));
    config_changes_.pop_front();
  }
  if (config_changes_.empty()) return;
  if (!machine().leads())
    return refuse_config_changes({Errc::failed_precondition, "this node leads no more: ask the active"});
  ConfigChange& next = config_changes_.front();
  if (std::exchange(next.begun, true)) return;
  pair_->change_config(std::move(next.delta));
}

void Node::refuse_config_changes(const Error& why) {
  for (ConfigChange& change : std::exchange(config_changes_, {}))
    change.waiter.set_value(tl::unexpected(why));
}

}  // namespace stillwater::appliance
