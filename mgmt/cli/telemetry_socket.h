// DPDK's telemetry socket (version 2): one packet of the socket is a command, the next its answer in JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "mgmt/cli/client.h"

namespace stillwater::mgmt::cli {

// Where a program of this --file-prefix listens, by DPDK's own rule for the user who asks.
[[nodiscard]] std::string telemetry_path(const std::string& file_prefix);

// One connection, one thread.
class TelemetrySocket {
 public:
  // Unreachable where nothing answers within `timeout`; the message says what to check.
  [[nodiscard]] static Answer<TelemetrySocket> connect(const std::string& path, Nanos timeout);

  // What the program answered to `command`: the value, without the command's name. Null where the program
  // does not know the command.
  [[nodiscard]] Answer<nlohmann::ordered_json> ask(const std::string& command, const std::string& parameters);

 private:
  TelemetrySocket(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  [[nodiscard]] Answer<nlohmann::ordered_json> receive();

  UniqueFd fd_;
  std::string path_;
};

}  // namespace stillwater::mgmt::cli
