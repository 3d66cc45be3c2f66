#include "quiesce/plugin/reply.h"

namespace stillwater::quiesce::plugin {
namespace {

template <class Value>
std::vector<std::uint64_t> column(const std::vector<PortLook>& ports, Value PortLook::*value) {
  std::vector<std::uint64_t> values;
  for (const PortLook& port : ports) values.push_back(port.*value);
  return values;
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::running:
      return "running";
    case State::quiescing:
      return "quiescing";
    case State::quiesced:
      return "quiesced";
  }
  return "";
}

Reply reply_of(const Indication& indication) {
  return {
      {"state", name_of(State::quiesced)},  {"exact", std::uint64_t{indication.exact}},
      {"basis", name_of(indication.basis)}, {"unaccounted", indication.unaccounted},
      {"drained", indication.drained},      {"took_us", static_cast<std::uint64_t>(indication.took / 1us)}};
}

Reply reply_of(const AgentStatus& status) {
  return {{"state", name_of(status.state)},
          {"quiesces", status.quiesces},
          {"timeouts", status.timeouts},
          {"last_error", status.last_error},
          {"membarrier", std::uint64_t{status.has_barriers}},
          {"ports", column(status.ports, &PortLook::port)},
          {"up", column(status.ports, &PortLook::up)},
          {"stopped", column(status.ports, &PortLook::stopped)},
          {"rx_queues", column(status.ports, &PortLook::receive_queues)},
          {"tx_queues", column(status.ports, &PortLook::transmit_queues)},
          {"polls", column(status.ports, &PortLook::polls)},
          {"received", column(status.ports, &PortLook::received)},
          {"transmitted", column(status.ports, &PortLook::transmitted)}};
}

Reply reply_of(const Error& error, State state) {
  return {{"error", error.message}, {"code", name_of(error.code)}, {"state", name_of(state)}};
}

}  // namespace stillwater::quiesce::plugin
