#include "mgmt/cli/agent.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "mgmt/cli/duration.h"
#include "mgmt/cli/table.h"
#include "mgmt/cli/telemetry_socket.h"

namespace stillwater::mgmt::cli {
namespace {

using Json = nlohmann::ordered_json;

// Telemetry has neither booleans nor lists of objects; scripts shall have both.
constexpr std::array kFlags{"exact", "membarrier"};
constexpr std::array kPortFlags{"up", "stopped"};
constexpr std::array kPortColumns{"up",    "stopped",  "rx_queues",  "tx_queues",
                                  "polls", "received", "transmitted"};

Json port_of(const Json& answer, std::size_t row) {
  Json port{{"port", answer["ports"][row]}};
  for (const char* column : kPortColumns) port[column] = answer.at(column).at(row);
  for (const char* flag : kPortFlags) port[flag] = port[flag] != 0;
  return port;
}

Json with_types(Json answer) {
  for (const char* flag : kFlags) {
    if (answer.contains(flag)) answer[flag] = answer[flag] != 0;
  }
  if (!answer.contains("ports")) return answer;
  auto ports = Json::array();
  for (std::size_t row = 0; row < answer["ports"].size(); ++row) ports.push_back(port_of(answer, row));
  for (const char* column : kPortColumns) answer.erase(column);
  answer["ports"] = std::move(ports);
  return answer;
}

tl::unexpected<Failure> not_understood(const Json::exception& wrong) {
  return tl::unexpected(
      Failure{Exit::node_refused, fmt::format("the agent's answer is not understood: {}", wrong.what())});
}

std::string yes_no(const Json& flag) { return flag.get<bool>() ? "yes" : "no"; }

std::string count(const Json& number) { return grouped(number.get<std::uint64_t>()); }

}  // namespace

std::string quiesce_parameters(const AgentOptions& options) {
  std::string text = fmt::format("timeout_us={},settle_us={},limit_us={}", options.drain_timeout / 1us,
                                 options.settle / 1us, options.limit / 1us);
  if (!options.ports.empty()) text += fmt::format(",ports={}", fmt::join(options.ports, ","));
  return text;
}

Answer<Json> understood(const Json& answer) {
  if (answer.is_null()) {
    return tl::unexpected(Failure{
        Exit::node_refused, "the program runs without the agent; start it with -d libstillwater_agent.so"});
  }
  try {
    (void)answer.at(answer.contains("error") ? "error" : "state").get_ref<const std::string&>();
    if (answer.contains("error")) {
      return tl::unexpected(Failure{Exit::node_refused, answer["error"].get<std::string>()});
    }
    return with_types(answer);
  } catch (const Json::exception& wrong) {
    return not_understood(wrong);
  }
}

std::string agent_quiesced_text(const Json& answer) {
  const std::uint64_t unaccounted = answer.value("unaccounted", std::uint64_t{0});
  const std::string holds =
      answer.value("exact", false)
          ? "holds no packet"
          : fmt::format("is still; {} packets were dropped by it or are held on purpose",
                        grouped(unaccounted));
  return fmt::format("the program {} (by {}), after {} us\n", holds, answer.value("basis", ""),
                     answer.value("took_us", std::uint64_t{0}));
}

std::string agent_status_text(const Json& status) {
  const std::string last = status.value("last_error", "");
  std::string text = fmt::format("{}\nquiesces  {}\ntimeouts  {}{}\n", status.value("state", ""),
                                 count(status.at("quiesces")), count(status.at("timeouts")),
                                 last.empty() ? "" : "; last error: " + last);
  std::vector<std::vector<std::string>> rows;
  for (const auto& port : status.at("ports")) {
    rows.push_back({port["port"].dump(), yes_no(port["up"]), yes_no(port["stopped"]),
                    count(port["rx_queues"]), count(port["tx_queues"]), count(port["polls"]),
                    count(port["received"]), count(port["transmitted"])});
  }
  return text + table({{"PORT"},
                       {"UP"},
                       {"STOPPED"},
                       {"RX QUEUES", Align::right},
                       {"TX QUEUES", Align::right},
                       {"POLLS", Align::right},
                       {"RECEIVED", Align::right},
                       {"TRANSMITTED", Align::right}},
                      rows);
}

Answer<std::string> carry_out_agent(const Arguments& a) {
  const std::string path = a.agent.socket.empty() ? telemetry_path(a.agent.file_prefix) : a.agent.socket;
  auto socket = TelemetrySocket::connect(path, a.timeout);
  if (!socket) return tl::unexpected(socket.error());
  const auto asked = [&](const std::string& command, const std::string& parameters, auto text) {
    const auto print = [&](const Json& answer) -> Answer<std::string> {
      if (a.json) return answer.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
      try {
        return text(answer);
      } catch (const Json::exception& wrong) {
        return not_understood(wrong);
      }
    };
    return socket->ask(command, parameters).and_then(understood).and_then(print);
  };
  if (a.command == Command::agent_status) return asked("/stillwater/status", "", agent_status_text);
  if (a.command == Command::agent_quiesce) {
    return asked("/stillwater/quiesce", quiesce_parameters(a.agent), agent_quiesced_text);
  }
  return asked("/stillwater/resume", "", [](const Json&) { return std::string("the program runs\n"); });
}

}  // namespace stillwater::mgmt::cli
