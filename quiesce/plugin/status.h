// What the agent tells about itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "quiesce/plugin/settling.h"

namespace stillwater::quiesce::plugin {

struct PortLook {
  std::uint16_t port;
  bool up;
  bool stopped;
  std::uint16_t receive_queues;
  std::uint16_t transmit_queues;
  std::uint64_t polls = 0;  // of the receive queues, quiesced or not
  std::uint64_t received = 0;
  std::uint64_t transmitted = 0;
};

enum class State : std::uint8_t { running, quiescing, quiesced };
[[nodiscard]] const char* name_of(State state);

// What a successful quiesce tells.
struct Indication {
  Basis basis;
  bool exact;
  std::uint64_t unaccounted;
  std::uint64_t drained;  // packets transmitted between the request and the indication
  Nanos took;
};

struct AgentStatus {
  State state;
  std::uint64_t quiesces;  // that reached the indication
  std::uint64_t timeouts;
  std::string last_error;  // of the last quiesce that failed; empty: none did
  bool has_barriers;
  std::vector<PortLook> ports;
};

}  // namespace stillwater::quiesce::plugin
