// The command line of stillwaterctl as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mgmt/address.h"
#include "stillwater/v1/stillwater.pb.h"

namespace stillwater::mgmt::cli {

enum class Exit : std::uint8_t { ok = 0, node_refused = 1, usage = 2, unreachable = 3 };

enum class Command : std::uint8_t {
  status,
  sessions,
  checkpoint,
  policy_get,
  policy_set,
  quiesce,
  resume,
  agent_quiesce,
  agent_resume,
  agent_status,
};

// The agent inside another DPDK program, and how to quiesce it.
struct AgentOptions {
  std::string file_prefix = "rte";  // DPDK's own default
  std::string socket{};             // empty: by the file prefix
  Nanos drain_timeout = 100ms;
  Nanos settle = 2ms;
  Nanos limit = 5s;
  std::vector<std::uint16_t> ports{};  // empty: all
};

struct Arguments {
  Command command = Command::status;
  std::string address = "unix:/run/stillwater/stillwater.sock";
  Tls tls = Tls::required;
  bool json = false;
  Nanos timeout = 5s;  // for the whole call
  std::uint64_t session_limit = 100;
  std::uint32_t quiesce_limit_ms = 5000;
  v1::SetPolicyRequest policy;  // what `policy set` names
  AgentOptions agent;
};

// On --help, --version or a mistake it has printed what there is to say, and returns how to exit.
[[nodiscard]] tl::expected<Arguments, Exit> parse_arguments(int argc, const char* const* argv);

}  // namespace stillwater::mgmt::cli
