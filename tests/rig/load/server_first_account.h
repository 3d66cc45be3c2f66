// What connections say on which the server writes next after the fault. Pure but for the counters, which any
// thread may read.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/rig/load/connection_tally.h"
#include "tests/rig/load/payload.h"

namespace stillwater::rig {

// Established: one verified message went each way. Survived: a message that the server wrote after the fault
// arrived unchanged. Broken: reset, closed, wrong bytes, or the client spoke first.
using ServerFirstCounts = ConnectionCounts;

// One writer thread.
class ServerFirstAccount {
 public:
  explicit ServerFirstAccount(std::uint32_t wanted) : connections_(wanted) {}

  // The message of this number arrived at its end, whole and unchanged. `written_by_client`: what the client
  // had written on the connection by then, itself included where it came from there.
  void arrived(Direction direction, std::uint32_t connection, std::uint32_t number,
               std::uint32_t written_by_client);
  void broke(std::uint32_t connection);

  // Any thread.
  [[nodiscard]] ServerFirstCounts counts() const { return tally_.counts(); }

 private:
  struct Connection {
    bool asked = false;
    bool answered = false;
    bool fresh = false;
    bool broken = false;
    [[nodiscard]] bool established() const { return asked && answered; }
    [[nodiscard]] bool survived() const { return fresh && !broken; }
  };

  std::vector<Connection> connections_;
  ConnectionTally tally_;
};

}  // namespace stillwater::rig
