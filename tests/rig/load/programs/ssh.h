// ssh: one session whose bytes come back from the far end, at a steady rate for the whole run. Every byte is
// compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/rig/load/programs/program.h"
#include "tests/rig/process/child.h"

namespace stillwater::rig {

class Ssh final : public Program {
 public:
  explicit Ssh(ProgramPlace place) : place_(std::move(place)) {}

  [[nodiscard]] Status start_server() override;
  [[nodiscard]] Result<bool> serving() override;
  [[nodiscard]] Status start_client() override;
  [[nodiscard]] bool over() override;
  [[nodiscard]] ProgramOutcome finish() override;

 private:
  [[nodiscard]] std::string file(const char* name) const { return place_.folder + "/ssh/" + name; }

  ProgramPlace place_;
  std::optional<Child> server_;
  std::optional<Child> client_;
};

}  // namespace stillwater::rig
