#include "tests/rig/load/programs/http.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "tests/rig/load/programs/files.h"

namespace stillwater::rig {
namespace {

constexpr std::uint16_t kPort = 8080;
constexpr std::uint32_t kPageBytes = 4096;
constexpr double kDownloadBytesAtMost = 64 << 20;
constexpr double kDownloadBytesPerSecond = 256 << 10;
// What nginx leaves out of a rate limit at the beginning.
constexpr double kHeadStartSeconds = 1;

std::string server_folder(const ProgramPlace& place) { return place.folder + "/http"; }
std::string served(const ProgramPlace& place, const char* name) {
  return server_folder(place) + "/www/" + name;
}
std::string got_folder(const ProgramPlace& place) { return server_folder(place) + "/got"; }

std::string configuration(const std::string& folder, std::uint64_t bytes_per_second) {
  return fmt::format(
      "daemon off;\nuser root;\nworker_processes 1;\npid {0}/nginx.pid;\nerror_log {0}/nginx-error.log;\n"
      "events {{ worker_connections 256; }}\n"
      "http {{\n  access_log off;\n  default_type application/octet-stream;\n"
      "  client_body_temp_path {0}/tmp;\n  proxy_temp_path {0}/tmp;\n  fastcgi_temp_path {0}/tmp;\n"
      "  uwsgi_temp_path {0}/tmp;\n  scgi_temp_path {0}/tmp;\n"
      "  server {{\n    listen {1};\n    listen [::]:{1};\n    root {0}/www;\n    location = /download {{ "
      "limit_rate {2}; }}\n"
      "  }}\n}}\n",
      folder, kPort, bytes_per_second);
}

// What curl said, in one line; the counted lines are no words.
std::string words_of(const std::string& log) {
  std::istringstream lines(log);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("done ") && !line.empty()) last = line;
  }
  return last;
}

void add_download(const ProgramPlace& place, Child& download, ProgramOutcome& outcome) {
  const Comparison file = compare_files(served(place, "download"), got_folder(place) + "/download");
  outcome.figures["download_bytes"] = static_cast<double>(file.bytes);
  outcome.figures["download_complete"] = file.complete && !file.wrong_at ? 1 : 0;
  const std::string words = words_of(text_of(download.log_path()));
  if (file.wrong_at) {
    outcome.broke = fmt::format("byte {} of the download is wrong", *file.wrong_at);
  } else if (!file.complete) {
    outcome.broke = "the download did not complete" + (words.empty() ? words : ": " + words);
  }
}

void add_requests(const ProgramPlace& place, Child& requests, ProgramOutcome& outcome) {
  const std::string log = text_of(requests.log_path());
  const HttpRequests counted = count_requests(log);
  std::uint64_t wrong = 0;
  // Answers are complete in order: one that was under way at the end is the last, and none of those counted.
  for (std::uint64_t number = 1; number <= counted.done; ++number) {
    const std::string file = fmt::format("{}/{}", got_folder(place), number);
    if (!std::filesystem::exists(file)) continue;
    const Comparison page = compare_files(served(place, "page"), file);
    if (page.wrong_at) ++wrong;
  }
  outcome.figures["requests"] = static_cast<double>(counted.done);
  outcome.figures["requests_failed"] = static_cast<double>(counted.failed);
  outcome.figures["requests_wrong"] = static_cast<double>(wrong);
  if (!outcome.broke.empty()) return;
  if (wrong > 0) outcome.broke = fmt::format("{} of {} answers had wrong bytes", wrong, counted.done);
  if (wrong == 0 && counted.failed > 0) {
    outcome.broke = fmt::format("{} of {} requests failed: {}", counted.failed, counted.done, words_of(log));
  }
  if (counted.done == 0) outcome.broke = "no request was answered";
}

}  // namespace

Status Http::start_server() {
  const std::string folder = server_folder(place_);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  for (const char* part : {"/www", "/got", "/tmp"}) {
    std::filesystem::create_directories(folder + part, error);
  }
  const double seconds = std::chrono::duration<double>(place_.runs_for).count();
  const double bytes = std::min(kDownloadBytesAtMost, kDownloadBytesPerSecond * seconds);
  const auto rate = static_cast<std::uint64_t>(bytes / (seconds - std::min(kHeadStartSeconds, seconds / 2)));
  std::ofstream(folder + "/nginx.conf") << configuration(folder, rate);
  const Status written =
      write_numbered(served(place_, "download"), static_cast<std::uint64_t>(bytes)).and_then([&] {
        return write_numbered(served(place_, "page"), kPageBytes);
      });
  if (!written) return written;
  auto server =
      Child::start({"nginx", "-e", folder + "/nginx-error.log", "-p", folder, "-c", folder + "/nginx.conf"},
                   place_.server_space_fd, folder + "/nginx.log");
  if (!server) return tl::unexpected(server.error());
  server_.emplace(std::move(*server));
  return {};
}

Result<bool> Http::serving() {
  if (const auto how = server_->ended()) {
    return fail(Errc::unavailable, "nginx " + *how + ": " + tail_of(server_->log_path(), 1));
  }
  return listens(place_.server_space_fd, kPort);
}

Status Http::start_client() {
  const bool is_ipv6 = place_.server_address.find(':') != std::string::npos;
  const std::string url = fmt::format(
      "http://{}:{}/", is_ipv6 ? "[" + place_.server_address + "]" : place_.server_address, kPort);
  const std::string folder = server_folder(place_);
  auto download = Child::start({"curl", "--silent", "--show-error", "--fail", "--output",
                                got_folder(place_) + "/download", url + "download"},
                               place_.client_space_fd, folder + "/curl-download.log");
  if (!download) return tl::unexpected(download.error());
  download_.emplace(std::move(*download));
  // To standard error, which is not buffered: curl is ended in the middle.
  auto requests =
      Child::start({"curl", "--silent", "--show-error", "--fail", "--max-time", "5", "--rate", "5/s",
                    "--header", "Connection: close", "--output", got_folder(place_) + "/#1", "--write-out",
                    "%{stderr}done %{exitcode} %{http_code} %{size_download}\\n", url + "page?[1-1000000]"},
                   place_.client_space_fd, folder + "/curl-requests.log");
  if (!requests) return tl::unexpected(requests.error());
  requests_.emplace(std::move(*requests));
  return {};
}

bool Http::over() { return !download_ || download_->ended(); }

ProgramOutcome Http::finish() {
  for (std::optional<Child>* client : {&requests_, &download_}) {
    if (*client) (*client)->stop(2s);
  }
  if (server_) server_->stop(2s);
  if (!download_ || !requests_) return {{}, "it was not started"};
  ProgramOutcome outcome;
  add_download(place_, *download_, outcome);
  add_requests(place_, *requests_, outcome);
  // They are as large as what was served; the logs stay.
  std::error_code error;
  for (const char* part : {"/www", "/got", "/tmp"}) {
    std::filesystem::remove_all(server_folder(place_) + part, error);
  }
  return outcome;
}

HttpRequests count_requests(const std::string& log) {
  HttpRequests counted;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string done;
    int exit_status = 0;
    int http_status = 0;
    std::uint64_t bytes = 0;
    if (!(words >> done >> exit_status >> http_status >> bytes) || done != "done") continue;
    ++counted.done;
    if (exit_status != 0 || http_status != 200) ++counted.failed;
  }
  return counted;
}

}  // namespace stillwater::rig
