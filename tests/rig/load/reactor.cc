#include "tests/rig/load/reactor.h"

#include <array>
#include <cerrno>

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <unistd.h>

namespace stillwater::rig {
namespace {

constexpr std::uint64_t kTimerId = 0;
constexpr std::uint64_t kStopId = 1;

Status control(const UniqueFd& epoll, int operation, const UniqueFd& fd, std::uint32_t events,
               std::uint64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll.get(), operation, fd.get(), &event) != 0)
    return fail_errno("cannot watch a socket", errno);
  return {};
}

}  // namespace

Status Reactor::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  timer_.reset(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  stop_.reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!epoll_ || !timer_ || !stop_) return fail_errno("cannot make an event loop", errno);
  const timespec tick{0, kTick.count()};
  const itimerspec schedule{tick, tick};
  timerfd_settime(timer_.get(), 0, &schedule, nullptr);
  return control(epoll_, EPOLL_CTL_ADD, timer_, EPOLLIN, kTimerId).and_then([this] {
    return control(epoll_, EPOLL_CTL_ADD, stop_, EPOLLIN, kStopId);
  });
}

Status Reactor::watch(const UniqueFd& fd, std::uint32_t events, Handler& handler) {
  handler.reactor_ = this;
  handler.id_ = ++last_id_;
  handlers_[handler.id_] = &handler;
  return control(epoll_, EPOLL_CTL_ADD, fd, events, handler.id_);
}

void Reactor::change(const UniqueFd& fd, std::uint32_t events, Handler& handler) {
  (void)control(epoll_, EPOLL_CTL_MOD, fd, events, handler.id_);
}

void Reactor::run() {
  const BootClock clock;
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    bool tick = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kStopId) return;
      if (event.data.u64 == kTimerId) {
        tick = true;
      } else if (const auto handler = handlers_.find(event.data.u64); handler != handlers_.end()) {
        handler->second->ready(event.events);
      }
    }
    if (!tick) continue;
    std::uint64_t expirations = 0;
    (void)!read(timer_.get(), &expirations, sizeof(expirations));
    for (Ticker* ticker : tickers_) ticker->tick(clock.now());
  }
}

void Reactor::stop() { eventfd_write(stop_.get(), 1); }

}  // namespace stillwater::rig
