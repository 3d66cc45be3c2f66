// What sessions say that come and go all the time: whatever got an answer has to work. Pure but for the
// counters, which any thread may read.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "tests/rig/load/connection_tally.h"
#include "tests/rig/load/payload.h"

namespace stillwater::rig {

struct ChurnCounts {
  std::uint32_t opened = 0;
  std::uint32_t answered = 0;           // the client was told that its connection stands
  std::uint32_t answered_at_fault = 0;  // and that was so, and it was not being closed, when the fault struck
  std::uint32_t lost = 0;               // answered, and then did not do what it had to
  std::uint32_t lost_at_fault = 0;      // of those of `answered_at_fault`
};

// Each session has an exchange: one verified message each way. One that was answered when a fault struck
// has to complete that, and then another one. One writer thread.
class ChurnAccount {
 public:
  // Returns the new session's number: 0, 1, 2 ...
  std::uint32_t open();
  // The client's connection stands.
  void answered(std::uint32_t session);
  // The message of this number arrived at its end, whole and unchanged.
  void arrived(Direction direction, std::uint32_t session, std::uint32_t number);
  // From now on one more exchange is asked of what is answered and not closed; the sessions of which it is.
  std::vector<std::uint32_t> fault_struck();
  // By the load itself, after it worked: what happens to it afterwards does not matter.
  void close(std::uint32_t session);
  void broke(std::uint32_t session);

  // It did what it has to.
  [[nodiscard]] bool works(std::uint32_t session) const;
  // How many exchanges it has to complete.
  [[nodiscard]] std::uint32_t asked(std::uint32_t session) const;
  // Whether an exchange (0: the first) is complete.
  [[nodiscard]] bool exchanged(std::uint32_t session, std::uint32_t exchange) const;

  // Any thread: answered, neither broken nor working yet.
  [[nodiscard]] std::uint32_t awaited() const;
  // Likewise, of those of whom a fault asked one more.
  [[nodiscard]] std::uint32_t awaited_at_fault() const { return owing_.load(std::memory_order_relaxed); }
  // Likewise: of how many the last fault did.
  [[nodiscard]] std::uint32_t asked_at_fault() const { return asked_.load(std::memory_order_relaxed); }
  // Likewise: answered, and broke.
  [[nodiscard]] std::uint32_t broken() const { return tally_.counts().broken; }
  // The writer's thread, or after it has ended. One that is still awaited is lost.
  [[nodiscard]] ChurnCounts counts() const;

 private:
  struct Session {
    bool answered = false;
    bool at_fault = false;
    bool closed = false;
    bool broken = false;  // only what was answered can be
    std::uint32_t asked = 1;
    std::array<std::uint32_t, 2> messages{};  // verified, to the server and to the client
    [[nodiscard]] bool complete(std::uint32_t exchange) const {
      return messages[0] > exchange && messages[1] > exchange;
    }
    [[nodiscard]] bool established() const { return answered; }
    [[nodiscard]] bool survived() const { return answered && !broken && complete(asked - 1); }
    [[nodiscard]] bool owes() const { return at_fault && !broken && !complete(asked - 1); }
    [[nodiscard]] bool lost() const { return answered && !survived(); }
  };
  template <class Change>
  void change(std::uint32_t session, const Change& change);

  std::vector<Session> sessions_;
  ConnectionTally tally_;
  std::atomic<std::uint32_t> owing_{0};  // relaxed: it stands for itself alone, as does the next one
  std::atomic<std::uint32_t> asked_{0};
};

}  // namespace stillwater::rig
