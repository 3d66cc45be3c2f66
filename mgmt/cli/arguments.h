// The command line of stillwaterctl as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mgmt/roles.h"
#include "mgmt/tls.h"
#include "stillwater/v1/stillwater.pb.h"

namespace stillwater::mgmt::cli {

enum class Exit : std::uint8_t { ok = 0, node_refused = 1, usage = 2, unreachable = 3 };

enum class Command : std::uint8_t {
  // of a node
  status,
  sessions,
  bindings,
  end_sessions,
  routes_list,
  routes_put,
  routes_remove,
  routes_load,
  rules_show,
  rules_load,
  trace,
  ping,
  checkpoint,
  policy_get,
  policy_set,
  quiesce,
  resume,
  switchover,
  // of something else
  agent_quiesce,
  agent_resume,
  agent_status,
  pki_init,
  pki_node,
  pki_client,
  pki_renew,
  doctor,
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

// A certificate to make, and where.
struct PkiOptions {
  std::string folder{};
  std::string name{};
  std::vector<std::string> addresses{};
  Role role = Role::viewer;
  std::uint32_t days = 0;
};

// The route of `routes put` or `routes remove`.
struct RouteOptions {
  std::string to{};
  std::vector<std::string> via{};
  std::string port{};
  bool track = false;
  bool blackhole = false;
  bool reject = false;
};

struct Arguments {
  Command command = Command::status;
  std::string address = "unix:/run/stillwater/stillwater.sock";
  Protection protection;  // of a TCP address
  bool json = false;
  Nanos timeout = 5s;             // for the whole call
  std::uint64_t row_limit = 100;  // of sessions and bindings
  bool counts = false;            // and lists none
  v1::SessionFilter session_filter;
  v1::BindingFilter binding_filter;
  v1::EndSessionsRequest end_sessions;  // which
  std::uint64_t route_limit = 1000;
  std::string route_source{};  // empty: all
  RouteOptions route;
  std::string route_file{};  // "-": standard input
  std::string rules_file{};  // "-": standard input
  v1::TraceRequest trace;
  v1::TracePacket trace_fields;  // of it, while options are read
  v1::PingRequest ping;
  std::uint32_t ping_count = 4;
  Nanos ping_interval = 1s;
  std::uint32_t quiesce_limit_ms = 5000;
  bool force = false;           // of switchover
  v1::SetPolicyRequest policy;  // what `policy set` names
  AgentOptions agent;
  PkiOptions pki;
  std::string doctor_config{};  // file; empty: the host alone
};

// On --help, --version or a mistake it has printed what there is to say, and returns how to exit.
[[nodiscard]] tl::expected<Arguments, Exit> parse_arguments(int argc, const char* const* argv);

}  // namespace stillwater::mgmt::cli
