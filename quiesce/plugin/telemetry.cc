#include "quiesce/plugin/telemetry.h"

#include <rte_telemetry.h>

#include "quiesce/plugin/reply.h"

namespace stillwater::quiesce::plugin {
namespace {

Agent* served = nullptr;  // telemetry passes its callbacks no argument

// Names are constants within what DPDK allows; a text alone can be too long, and is cut.
void add(rte_tel_data* data, const Field& field) {
  if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
    rte_tel_data_add_dict_u64(data, field.name, *number);
  } else if (const auto* text = std::get_if<std::string>(&field.value)) {
    rte_tel_data_add_dict_string(data, field.name, text->substr(0, RTE_TEL_MAX_STRING_LEN - 1).c_str());
  } else {
    rte_tel_data* array = rte_tel_data_alloc();
    if (array == nullptr) return;
    rte_tel_data_start_array(array, RTE_TEL_U64_VAL);
    for (const std::uint64_t value : std::get<std::vector<std::uint64_t>>(field.value)) {
      rte_tel_data_add_array_u64(array, value);
    }
    rte_tel_data_add_dict_container(data, field.name, array, 0);
  }
}

int answer(rte_tel_data* data, const Reply& reply) {
  rte_tel_data_start_dict(data);
  for (const Field& field : reply) add(data, field);
  return 0;
}

Reply refusal(const Error& error) { return reply_of(error, served->state()); }

int on_quiesce(const char*, const char* parameters, rte_tel_data* data) {
  const auto indication = parse_quiesce(parameters).and_then([](const QuiesceRequest& request) {
    return served->quiesce(request);
  });
  return answer(data, indication ? reply_of(*indication) : refusal(indication.error()));
}

int on_resume(const char*, const char* parameters, rte_tel_data* data) {
  const Status resumed = expect_nothing(parameters).and_then([] { return served->resume(); });
  return answer(data, resumed ? Reply{{"state", name_of(State::running)}} : refusal(resumed.error()));
}

int on_status(const char*, const char* parameters, rte_tel_data* data) {
  const Status asked = expect_nothing(parameters);
  return answer(data, asked ? reply_of(served->status()) : refusal(asked.error()));
}

}  // namespace

void serve_telemetry(Agent& agent) {
  served = &agent;
  rte_telemetry_register_cmd("/stillwater/quiesce", on_quiesce,
                             "Tells the program \"no packets\" until it holds none. "
                             "Parameters: timeout_us=N,settle_us=N,limit_us=N,ports=N,N (all optional)");
  rte_telemetry_register_cmd("/stillwater/resume", on_resume,
                             "Lets the program receive again. No parameters");
  rte_telemetry_register_cmd("/stillwater/status", on_status,
                             "State of the interface agent and its account of each port. No parameters");
}

}  // namespace stillwater::quiesce::plugin
