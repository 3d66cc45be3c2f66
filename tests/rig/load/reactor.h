// One thread, one epoll: who waits for a socket is a Handler, who does something from time to time a Ticker.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

// All calls from the one thread that runs it, except stop().
class Reactor {
 public:
  // Owns the socket that it waits for, and stops waiting when it closes it. Closing alone would not do: while
  // a process is being started, its copy of the socket keeps the events coming.
  class Handler {
   public:
    explicit Handler(UniqueFd fd) : fd_(std::move(fd)) {}
    virtual ~Handler() { close(); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

    // `events` as epoll gives them; none come once it is closed, except those already in the same batch.
    // Must not destroy the handler itself nor another one, for the same reason. Destroy in a tick.
    virtual void ready(std::uint32_t events) = 0;

    [[nodiscard]] const UniqueFd& fd() const { return fd_; }  // none once it is closed

   protected:
    void close();
    void change_events(std::uint32_t events);

   private:
    friend class Reactor;
    UniqueFd fd_;
    Reactor* reactor_ = nullptr;  // none: not watched
  };

  class Ticker {
   public:
    virtual ~Ticker() = default;
    // About every kTick.
    virtual void tick(Instant now) = 0;
  };

  // Pacing grain: spreads a thousand messages a second into five at a time, which no queue on the way minds.
  static constexpr Nanos kTick = 5ms;

  [[nodiscard]] Status open();

  // Tickers must outlive the reactor's run, and the reactor every handler that it watches.
  [[nodiscard]] Status watch(std::uint32_t events, Handler& handler);
  void add(Ticker& ticker) { tickers_.push_back(&ticker); }

  // Until stop().
  void run();
  // Any thread.
  void stop();

 private:
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd stop_;
  std::vector<Ticker*> tickers_;
};

}  // namespace stillwater::rig
