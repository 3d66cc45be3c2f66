// iperf3: one TCP stream from client to server at a steady rate, seen from both ends.
#pragma once

#include <optional>
#include <string>

#include "tests/rig/load/programs/program.h"
#include "tests/rig/process/child.h"

namespace stillwater::rig {

class Iperf3 final : public Program {
 public:
  explicit Iperf3(ProgramPlace place) : place_(std::move(place)) {}

  [[nodiscard]] Status start_server() override;
  [[nodiscard]] Result<bool> serving() override;
  [[nodiscard]] Status start_client() override;
  [[nodiscard]] bool over() override;
  [[nodiscard]] ProgramOutcome finish() override;

 private:
  ProgramPlace place_;
  std::optional<Child> server_;
  std::optional<Child> client_;
};

// From what both ends wrote with --json. The server's view says what came through: the client counts what its
// own socket took. Pure.
[[nodiscard]] ProgramOutcome judge_iperf3(const std::string& client_json, const std::string& server_json);

}  // namespace stillwater::rig
