// One thread, one epoll: who waits for a socket is a Handler, who does something from time to time a Ticker.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

// All calls from the one thread that runs it, except stop().
class Reactor {
 public:
  class Handler {
   public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() {
      if (reactor_ != nullptr) reactor_->handlers_.erase(id_);
    }
    // `events` as epoll gives them. Must not destroy the handler itself nor another one: an event for it may
    // be waiting in the same batch. Destroy in a tick.
    virtual void ready(std::uint32_t events) = 0;

   private:
    friend class Reactor;
    Reactor* reactor_ = nullptr;
    std::uint64_t id_ = 0;
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

  // Tickers must outlive the reactor's run, handlers must not outlive the reactor. A handler watches one
  // descriptor. Events are told apart by number, not by address: a descriptor that was closed here can still
  // raise some while a forked child has not executed its program yet.
  [[nodiscard]] Status watch(const UniqueFd& fd, std::uint32_t events, Handler& handler);
  void change(const UniqueFd& fd, std::uint32_t events, Handler& handler);
  void add(Ticker& ticker) { tickers_.push_back(&ticker); }

  // Until stop().
  void run();
  // Any thread.
  void stop();

 private:
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd stop_;
  std::uint64_t last_id_ = 1;
  std::unordered_map<std::uint64_t, Handler*> handlers_;
  std::vector<Ticker*> tickers_;
};

}  // namespace stillwater::rig
