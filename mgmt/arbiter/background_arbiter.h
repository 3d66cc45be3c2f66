// An arbiter whose requests are made by a thread of its own.
#pragma once

#include <memory>
#include <optional>

#include "base/arbiter.h"
#include "base/fd.h"
#include "base/result.h"
#include "mgmt/arbiter/connection.h"

namespace stillwater::mgmt::arbiter {

// One caller thread, which is never blocked: a thread of this object talks, and keeps the connection open and
// alive while nobody asks, so that a takeover need not wait for one. Create it before the caller becomes a
// real-time thread: threads inherit that.
class BackgroundArbiter : public Arbiter {
 public:
  // Gives up a request under way, which may still happen. Returns as soon as the connection's request does
  // after stop().
  ~BackgroundArbiter() override;
  BackgroundArbiter(const BackgroundArbiter&) = delete;
  BackgroundArbiter& operator=(const BackgroundArbiter&) = delete;

  void read() override;
  void swap(const ArbiterRecord& expected, const ArbiterRecord& next) override;
  [[nodiscard]] int wake_fd() const override;
  [[nodiscard]] std::optional<ArbiterAnswer> take_answer() override;

 protected:
  // What a constructor needs. Fails with io where the process has no file descriptor left.
  [[nodiscard]] static Result<UniqueFd> make_wake_fd();
  BackgroundArbiter(std::unique_ptr<Connection> connection, UniqueFd wake);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace stillwater::mgmt::arbiter
