// stillwaterctl agent: what it sends to a program's telemetry, and how it reads the answer.
#include <catch2/catch.hpp>

#include "mgmt/cli/agent.h"
#include "mgmt/cli/telemetry_socket.h"

namespace stillwater::mgmt::test {

using Catch::Contains;
using Json = nlohmann::ordered_json;
using namespace mgmt::cli;

TEST_CASE("the options of agent quiesce go to the program in microseconds") {
  AgentOptions options;
  CHECK(quiesce_parameters(options) == "timeout_us=100000,settle_us=2000,limit_us=5000000");
  options.drain_timeout = 1s;
  options.limit = 0ns;
  options.ports = {0, 3};
  CHECK(quiesce_parameters(options) == "timeout_us=1000000,settle_us=2000,limit_us=0,ports=0,3");
}

TEST_CASE("numbers of telemetry become booleans, and columns become a list of ports") {
  const auto answer = understood(Json::parse(R"({"state": "quiesced", "membarrier": 1, "ports": [0, 4],
    "up": [1, 0], "stopped": [1, 0], "rx_queues": [2, 1], "tx_queues": [2, 1], "polls": [7, 0],
    "received": [5, 0], "transmitted": [0, 6]})"));
  REQUIRE(answer);
  CHECK((*answer)["membarrier"] == true);
  REQUIRE((*answer)["ports"].size() == 2);
  CHECK((*answer)["ports"][1] == Json::parse(R"({"port": 4, "up": false, "stopped": false, "rx_queues": 1,
    "tx_queues": 1, "polls": 0, "received": 0, "transmitted": 6})"));
}

TEST_CASE("an answer that is none is an error an operator can act on, never a crash") {
  const auto [text, words] = GENERATE(table<const char*, const char*>({
      {"null", "start it with -d libstillwater_agent.so"},
      {R"({"error": "quiesced already; resume first"})", "quiesced already; resume first"},
      {R"({"error": 7})", "not understood"},
      {R"({"ports": [0], "up": []})", "not understood"},
      {R"({"ports": [0], "up": 3})", "not understood"},
      {"[1, 2]", "not understood"},
      {"{}", "not understood"},
      {R"({"state": 5})", "not understood"},
  }));
  CAPTURE(text);
  const auto answer = understood(Json::parse(text));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().exit == Exit::node_refused);
  CHECK_THAT(answer.error().message, Contains(words));
}

TEST_CASE("the text of an indication does not claim more than the agent does") {
  CHECK(agent_quiesced_text(Json::parse(R"({"exact": true, "basis": "pools", "took_us": 250})")) ==
        "the program holds no packet (by pools), after 250 us\n");
  CHECK(
      agent_quiesced_text(
          Json::parse(R"({"exact": false, "basis": "settled", "unaccounted": 3, "took_us": 9})")) ==
      "the program is still; 3 packets were dropped by it or are held on purpose (by settled), after 9 us\n");
}

TEST_CASE("a path longer than a socket's may be is a mistake in the usage") {
  const auto socket = TelemetrySocket::connect("/run/" + std::string(200, 'x'), 1s);
  REQUIRE_FALSE(socket);
  CHECK(socket.error().exit == Exit::usage);
}

}  // namespace stillwater::mgmt::test
