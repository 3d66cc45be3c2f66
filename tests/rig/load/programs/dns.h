// dig and dnsmasq: lookups at a steady rate, each from a port of its own, with the retries of a resolver.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/rig/load/programs/program.h"
#include "tests/rig/process/child.h"

namespace stillwater::rig {

class Dns final : public Program {
 public:
  explicit Dns(ProgramPlace place) : place_(std::move(place)) {}

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

// From what the client wrote: a line "asked NUMBER" before each lookup, then what dig says. The last may have
// been under way when the client was ended. Pure.
struct DnsLookups {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;  // no answer, after all retries
  std::uint64_t wrong = 0;   // another answer than the server was told to give
};
[[nodiscard]] DnsLookups count_lookups(const std::string& log, const std::string& answer);

}  // namespace stillwater::rig
