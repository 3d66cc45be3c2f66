// A thread of the simulated daemon: a stack of its own, run by the simulator between the instants at which it
// waits.
#pragma once

#include <csetjmp>
#include <functional>
#include <memory>

#include <ucontext.h>

namespace stillwater::sim {

// `body` runs on the fiber's own stack from the first `resume` on, and must have returned before the fiber is
// destroyed, if it ever began. All fibers belong to one thread of the operating system.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it yields or returns. Not from within itself.
  void resume();
  // From within the body: gives control back to whoever resumed it.
  void yield();

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] bool done() const { return done_; }
  // The fiber that runs now; null: none.
  [[nodiscard]] static const Fiber* current() { return current_; }

 private:
  static void enter();

  static Fiber* current_;

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t begin_{};
  std::jmp_buf outside_{};
  std::jmp_buf inside_{};
  Fiber* resumed_by_ = nullptr;
  bool started_ = false;
  bool done_ = false;
};

}  // namespace stillwater::sim
