#include "tests/rig/load/server_first_account.h"

namespace stillwater::rig {

void ServerFirstAccount::arrived(Direction direction, std::uint32_t connection, std::uint32_t number,
                                 std::uint32_t written_by_client) {
  if (connection >= connections_.size()) return;
  Connection& it = connections_[connection];
  const Connection before = it;
  if (direction == Direction::to_server) {
    it.asked = true;
  } else if (number == 0) {
    it.answered = true;
  } else {
    // Had the client written more than its first message, its segments might have made the state anew.
    (written_by_client == 1 ? it.fresh : it.broken) = true;
  }
  tally_.change(before, it);
}

void ServerFirstAccount::broke(std::uint32_t connection) {
  if (connection >= connections_.size()) return;
  const Connection before = connections_[connection];
  connections_[connection].broken = true;
  tally_.change(before, connections_[connection]);
}

}  // namespace stillwater::rig
