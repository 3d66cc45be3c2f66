// What operators may write after a telemetry command, and what they are told where it is wrong.
#include "quiesce/plugin/parameters.h"

#include <catch2/catch.hpp>

namespace stillwater::quiesce::plugin {

using Catch::Contains;

TEST_CASE("without parameters a quiesce has its defaults") {
  const char* text = GENERATE(static_cast<const char*>(nullptr), "");
  const auto request = parse_quiesce(text);
  REQUIRE(request);
  CHECK(request->timeout == 100ms);
  CHECK(request->settle == 2ms);
  CHECK(request->limit == 5s);
  CHECK(request->ports.empty());
}

TEST_CASE("each parameter is taken, in any order") {
  const auto request = parse_quiesce("settle_us=7,ports=0,3,12,timeout_us=250000,limit_us=0");
  REQUIRE(request);
  CHECK(request->timeout == 250ms);
  CHECK(request->settle == 7us);
  CHECK(request->limit == 0ns);
  CHECK(request->ports == std::vector<std::uint16_t>{0, 3, 12});
}

TEST_CASE("a wrong parameter is named, and what would be right is said") {
  const auto [text, word] = GENERATE(table<const char*, const char*>({
      {"nonsense", "'nonsense': expected timeout_us=N, settle_us=N, limit_us=N, ports=N,N"},
      {"timeout=5", "'timeout=5': expected timeout_us=N"},
      {"timeout_us=", "timeout_us='' is no number from 0 to 60000000"},
      {"timeout_us=-1", "timeout_us='-1'"},
      {"timeout_us=60000001", "timeout_us='60000001'"},
      {"timeout_us=99999999999999999999999", "timeout_us='99999999999999999999999'"},
      {"settle_us=1ms", "settle_us='1ms'"},
      {"limit_us= 1", "limit_us=' 1'"},
      {"ports=0,x", "ports='x'"},
      {"ports=65536", "ports='65536' is no number from 0 to 65535"},
      {"ports=0,settle_us=1,2", "'2': expected"},
      {",", "'': expected"},
      {"=", "'=': expected"},
  }));
  CAPTURE(text);
  const auto request = parse_quiesce(text);
  REQUIRE_FALSE(request);
  CHECK(request.error().code == Errc::invalid_argument);
  CHECK_THAT(request.error().message, Contains(word));
}

TEST_CASE("what an error quotes is printable, and short enough for a telemetry string") {
  const std::string hostile = "\"\\\n\x01\xff" + std::string(2000, 'z');
  const auto request = parse_quiesce(hostile.c_str());
  REQUIRE_FALSE(request);
  const std::string& message = request.error().message;
  CHECK(message.size() < 128);
  CHECK(message.find_first_of("\"\\\n\x01\xff") == std::string::npos);
}

TEST_CASE("commands without parameters refuse any") {
  CHECK(expect_nothing(nullptr));
  CHECK(expect_nothing(""));
  const Status given = expect_nothing("now");
  REQUIRE_FALSE(given);
  CHECK(given.error().message == "takes no parameters, got 'now'");
}

}  // namespace stillwater::quiesce::plugin
