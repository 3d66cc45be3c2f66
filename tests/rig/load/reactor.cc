#include "tests/rig/load/reactor.h"

#include <array>
#include <cerrno>

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <unistd.h>

namespace stillwater::rig {
namespace {

Status control(const UniqueFd& epoll, int operation, const UniqueFd& fd, std::uint32_t events, void* who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = who;
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
  return control(epoll_, EPOLL_CTL_ADD, timer_, EPOLLIN, &timer_).and_then([this] {
    return control(epoll_, EPOLL_CTL_ADD, stop_, EPOLLIN, &stop_);
  });
}

Status Reactor::watch(std::uint32_t events, Handler& handler) {
  handler.reactor_ = this;
  return control(epoll_, EPOLL_CTL_ADD, handler.fd_, events, &handler);
}

void Reactor::Handler::change_events(std::uint32_t events) {
  (void)control(reactor_->epoll_, EPOLL_CTL_MOD, fd_, events, this);
}

void Reactor::Handler::close() {
  if (fd_ && reactor_ != nullptr) (void)control(reactor_->epoll_, EPOLL_CTL_DEL, fd_, 0, nullptr);
  fd_.reset();
}

void Reactor::run() {
  const BootClock clock;
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    bool tick = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == &stop_) return;
      if (event.data.ptr == &timer_) {
        tick = true;
      } else {
        static_cast<Handler*>(event.data.ptr)->ready(event.events);
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
