// nginx and curl: one long download that spans the whole run, and short requests, each on a connection of its
// own. Every byte that arrives is compared with what was served.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/rig/load/programs/program.h"
#include "tests/rig/process/child.h"

namespace stillwater::rig {

class Http final : public Program {
 public:
  explicit Http(ProgramPlace place) : place_(std::move(place)) {}

  [[nodiscard]] Status start_server() override;
  [[nodiscard]] Result<bool> serving() override;
  [[nodiscard]] Status start_client() override;
  // The download is; requests go on until finish().
  [[nodiscard]] bool over() override;
  [[nodiscard]] ProgramOutcome finish() override;

 private:
  ProgramPlace place_;
  std::optional<Child> server_;
  std::optional<Child> download_;
  std::optional<Child> requests_;
};

// A line "done EXIT STATUS BYTES" a request, as curl was told to write them. Pure.
struct HttpRequests {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
};
[[nodiscard]] HttpRequests count_requests(const std::string& log);

}  // namespace stillwater::rig
