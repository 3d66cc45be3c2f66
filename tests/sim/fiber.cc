#include "tests/sim/fiber.h"

#include <utility>
#include <vector>

namespace stillwater::sim {
namespace {

constexpr std::size_t kStackBytes = 128u << 10;

// Stacks are used again: a run starts several processes, and there are thousands of runs.
std::vector<std::unique_ptr<std::byte[]>>& spare_stacks() {
  static std::vector<std::unique_ptr<std::byte[]>> spare;
  return spare;
}

}  // namespace

Fiber* Fiber::current_ = nullptr;

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {
  if (spare_stacks().empty()) {
    stack_.reset(new std::byte[kStackBytes]);
  } else {
    stack_ = std::move(spare_stacks().back());
    spare_stacks().pop_back();
  }
  getcontext(&begin_);
  begin_.uc_stack.ss_sp = stack_.get();
  begin_.uc_stack.ss_size = kStackBytes;
  begin_.uc_link = nullptr;
  makecontext(&begin_, &Fiber::enter, 0);
}

Fiber::~Fiber() { spare_stacks().push_back(std::move(stack_)); }

// Only the first entry needs a context; after it jumps do, which cost no system call.
void Fiber::resume() {
  resumed_by_ = std::exchange(current_, this);
  if (_setjmp(outside_) == 0) {
    if (started_) _longjmp(inside_, 1);
    started_ = true;
    setcontext(&begin_);
  }
  current_ = resumed_by_;
}

void Fiber::yield() {
  if (_setjmp(inside_) == 0) _longjmp(outside_, 1);
}

void Fiber::enter() {
  Fiber* const self = current_;
  self->body_();
  self->done_ = true;
  _longjmp(self->outside_, 1);
}

}  // namespace stillwater::sim
