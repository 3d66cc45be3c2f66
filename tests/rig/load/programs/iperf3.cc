#include "tests/rig/load/programs/iperf3.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/rig/load/programs/files.h"

namespace stillwater::rig {
namespace {

using Json = nlohmann::json;

constexpr std::uint16_t kPort = 5201;
// Steady enough to see a pause in, and no load that the processors of a small machine would notice.
constexpr const char* kBitsPerSecond = "10M";
// A short write each few ms: with iperf3's 128 KiB, intervals without a whole one would look empty.
constexpr const char* kBlockBytes = "8K";

// Standard error shares the file: what stands before or after the JSON is left out.
Json json_in(const std::string& text) {
  const std::size_t begin = text.find('{');
  const std::size_t end = text.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return nullptr;
  return Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                     text.begin() + static_cast<std::ptrdiff_t>(end) + 1, nullptr, false);
}

double number_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  return json.is_object() && json.contains(at) && json[at].is_number() ? json[at].get<double>() : 0;
}

// Neighbouring intervals in which nothing arrived, as one.
double longest_silence_s(const Json& server) {
  double longest = 0;
  double silent = 0;
  if (!server.is_object() || !server.contains("intervals")) return 0;
  for (const Json& interval : server["intervals"]) {
    silent = number_at(interval, "/sum/bytes") > 0 ? 0 : silent + number_at(interval, "/sum/seconds");
    longest = std::max(longest, silent);
  }
  return longest;
}

std::string complaint_of(const Json& json, const char* end) {
  if (!json.is_object()) return fmt::format("the {} left no result", end);
  if (!json.contains("error")) return {};
  const Json& error = json["error"];
  return fmt::format("the {}: {}", end, error.is_string() ? error.get<std::string>() : "an error");
}

}  // namespace

Status Iperf3::start_server() {
  auto server = Child::start(
      {"iperf3", "--server", "--one-off", "--json", "--interval", "0.1", "--port", std::to_string(kPort)},
      place_.server_space_fd, place_.folder + "/iperf3-server.json");
  if (!server) return tl::unexpected(server.error());
  server_.emplace(std::move(*server));
  return {};
}

Result<bool> Iperf3::serving() {
  if (const auto how = server_->ended()) return fail(Errc::unavailable, "the iperf3 server " + *how);
  return listens(place_.server_space_fd, kPort);
}

Status Iperf3::start_client() {
  const double seconds = std::ceil(std::chrono::duration<double>(place_.runs_for).count());
  auto client =
      Child::start({"iperf3", "--client", place_.server_address, "--port", std::to_string(kPort), "--json",
                    "--interval", "0.1", "--time", fmt::format("{:.0f}", seconds), "--bitrate",
                    kBitsPerSecond, "--length", kBlockBytes, "--connect-timeout", "5000"},
                   place_.client_space_fd, place_.folder + "/iperf3-client.json");
  if (!client) return tl::unexpected(client.error());
  client_.emplace(std::move(*client));
  return {};
}

bool Iperf3::over() { return (!client_ || client_->ended()) && (!server_ || server_->ended()); }

ProgramOutcome Iperf3::finish() {
  const bool hangs = !over();
  if (client_) client_->stop(2s);
  if (server_) server_->stop(2s);
  if (!client_ || !server_) return {{}, "it was not started"};
  ProgramOutcome outcome = judge_iperf3(text_of(client_->log_path()), text_of(server_->log_path()));
  // What the ends say of it is that they were ended.
  if (hangs) outcome.broke = "it hung and was ended";
  return outcome;
}

ProgramOutcome judge_iperf3(const std::string& client_json, const std::string& server_json) {
  const Json client = json_in(client_json);
  const Json server = json_in(server_json);
  ProgramOutcome outcome;
  outcome.figures["bytes"] = number_at(server, "/end/sum_received/bytes");
  outcome.figures["retransmits"] = number_at(client, "/end/sum_sent/retransmits");
  outcome.figures["longest_silence_ms"] = std::round(longest_silence_s(server) * 1e3);
  outcome.broke = complaint_of(client, "client");
  if (outcome.broke.empty()) outcome.broke = complaint_of(server, "server");
  if (outcome.broke.empty() && outcome.figures["bytes"] == 0) outcome.broke = "nothing arrived";
  return outcome;
}

}  // namespace stillwater::rig
