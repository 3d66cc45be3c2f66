#include "tests/rig/load/programs/dns.h"

#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "tests/rig/load/programs/files.h"

namespace stillwater::rig {
namespace {

constexpr std::uint16_t kPort = 5353;
constexpr const char* kAnswer = "192.0.2.53";
constexpr const char* kPerLookup = "0.1";  // seconds between two

}  // namespace

Status Dns::start_server() {
  auto server = Child::start({"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                              "--no-hosts", "--user=root", "--pid-file", "--log-facility=-",
                              fmt::format("--port={}", kPort), fmt::format("--address=/test/{}", kAnswer)},
                             place_.server_space_fd, place_.folder + "/dnsmasq.log");
  if (!server) return tl::unexpected(server.error());
  server_.emplace(std::move(*server));
  return {};
}

Result<bool> Dns::serving() {
  if (const auto how = server_->ended())
    return fail(Errc::unavailable, "dnsmasq " + *how + ": " + tail_of(server_->log_path(), 1));
  return listens(place_.server_space_fd, kPort);  // beside UDP
}

Status Dns::start_client() {
  const auto lookups =
      static_cast<std::uint64_t>(std::ceil(std::chrono::duration<double>(place_.runs_for).count() * 10));
  const std::string ask = fmt::format(
      "n=0; while [ $n -lt {} ]; do n=$((n+1)); echo \"asked $n\"; "
      "dig @{} -p {} +short +tries=3 +time=1 name$n.test A; sleep {}; done",
      lookups, place_.server_address, kPort, kPerLookup);
  auto client = Child::start({"sh", "-c", ask}, place_.client_space_fd, place_.folder + "/dig.log");
  if (!client) return tl::unexpected(client.error());
  client_.emplace(std::move(*client));
  return {};
}

// It goes on until finish().
bool Dns::over() { return true; }

ProgramOutcome Dns::finish() {
  if (client_) client_->stop(2s);
  if (server_) server_->stop(2s);
  if (!client_) return {{}, "it was not started"};
  const DnsLookups counted = count_lookups(text_of(client_->log_path()), kAnswer);
  ProgramOutcome outcome;
  outcome.figures["lookups"] = static_cast<double>(counted.done);
  outcome.figures["lookups_failed"] = static_cast<double>(counted.failed);
  outcome.figures["lookups_wrong"] = static_cast<double>(counted.wrong);
  if (counted.wrong > 0)
    outcome.broke = fmt::format("{} of {} lookups had a wrong answer", counted.wrong, counted.done);
  else if (counted.failed > 0)
    outcome.broke = fmt::format("{} of {} lookups were not answered", counted.failed, counted.done);
  else if (counted.done == 0)
    outcome.broke = "no lookup was answered";
  return outcome;
}

DnsLookups count_lookups(const std::string& log, const std::string& answer) {
  DnsLookups counted;
  std::istringstream lines(log);
  bool asked = false;
  bool answered = false;
  bool right = true;
  const auto conclude = [&] {
    if (!asked) return;
    ++counted.done;
    if (!answered)
      ++counted.failed;
    else if (!right)
      ++counted.wrong;
  };
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("asked ")) {
      conclude();
      asked = true;
      answered = false;
      right = true;
    } else if (!line.empty() && !line.starts_with(";;")) {
      right = line == answer && !answered;
      answered = true;
    }
  }
  if (answered) conclude();
  return counted;
}

}  // namespace stillwater::rig
