// TCP sessions that come and go at a steady rate, so that at any moment some are being opened, some stand and
// some are being closed, and their ports are soon another's. Whatever got an answer before the fault has to
// work after it.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/rig/load/churn_account.h"
#include "tests/rig/load/flow_end.h"
#include "tests/rig/load/pacing.h"
#include "tests/rig/load/reactor.h"

namespace stillwater::rig {

// Each session: the client connects and writes a message, the server answers with one, then both are silent
// until the client closes it, every third time with a reset. After a fault the sessions of before it stay
// open until release(), and each has one more exchange that the server begins on half of them and the client
// on the others.
// Lives on the reactor's thread, which must be in the client's namespace, except for what says otherwise.
class SessionChurn final : public Reactor::Handler, public Reactor::Ticker {
 public:
  // From its opening until a session is closed, if it works by then.
  static constexpr Nanos kLife = 1500ms;
  // The new exchanges begin this long after the mark, and are spread over kSpread.
  static constexpr Nanos kWait = 300ms;
  static constexpr Nanos kSpread = 1s;

  // `listener` listens in the server's namespace on the port of `server_address`:`port`.
  SessionChurn(Reactor& reactor, UniqueFd listener, std::string server_address, std::uint16_t port,
               std::uint32_t per_second);

  [[nodiscard]] Status listen() { return reactor_.watch(EPOLLIN, *this); }

  // Any thread, as the next eight.
  void start() { running_.store(true); }
  void stop() { running_.store(false); }  // those that are open go on
  // A fault has struck.
  void mark_fault() { marks_.fetch_add(1); }
  [[nodiscard]] bool mark_taken() const { return marks_taken_.load() == marks_.load(); }
  // The sessions of before the fault may be closed like the others.
  void release() { releases_.fetch_add(1); }
  // How many have yet to do what they have to.
  [[nodiscard]] std::uint32_t awaited() const { return account_.awaited(); }
  [[nodiscard]] std::uint32_t awaited_at_fault() const { return account_.awaited_at_fault(); }
  [[nodiscard]] std::uint32_t asked_at_fault() const { return account_.asked_at_fault(); }
  [[nodiscard]] std::uint32_t broken() const { return account_.broken(); }

  // After the reactor has ended, as the next two.
  [[nodiscard]] ChurnCounts counts() const { return account_.counts(); }
  // Why sessions broke, with how often.
  [[nodiscard]] const std::map<std::string, std::uint32_t>& reasons() const { return reasons_; }
  // Sessions that were due but not opened, because the thread came too late.
  [[nodiscard]] std::uint64_t pace_missed() const { return pace_.missed(); }

  void ready(std::uint32_t events) override;  // the listener
  void tick(Instant now) override;

 private:
  struct Session {
    std::unique_ptr<FlowEnd> client;
    FlowEnd* server = nullptr;  // null: no message of the client's has come yet, or it is gone
    Instant opened{};
    bool held = false;  // open since before a fault, until it is released
  };

  void open_one(Instant now);
  void take_mark(Instant now);
  void release_all();
  // The next message of the end that begins another exchange is due at `when`.
  void begin_another(std::uint32_t number, Session& session, Instant when);
  void close_if_lived(std::uint32_t number, Session& session, Instant now);
  void arrived(FlowEnd& end, std::uint32_t number_of_session, std::uint32_t number);
  void broke(FlowEnd& end, const std::string& reason);

  Reactor& reactor_;
  std::string server_address_;
  std::uint16_t port_;
  Pace pace_;
  ChurnAccount account_;
  FlowEnd::Listener events_;
  std::map<std::uint32_t, Session> sessions_;    // by number; those whose client is open
  std::list<std::unique_ptr<FlowEnd>> servers_;  // as they were accepted
  std::map<std::string, std::uint32_t> reasons_;
  std::uint32_t releases_taken_ = 0;
  std::atomic<bool> running_{false};  // writer: the owner, as the next two
  std::atomic<std::uint32_t> marks_{0};
  std::atomic<std::uint32_t> releases_{0};
  std::atomic<std::uint32_t> marks_taken_{0};  // writer: reactor's thread
};

}  // namespace stillwater::rig
