// What a check of the host says.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace stillwater::appliance::doctor {

enum class Verdict : std::uint8_t {
  ok,
  advice,  // it runs, and costs what `costs` says
  fault,   // the node does not start, or does not do what its configuration says
};

struct Finding {
  std::string check;  // which one: "hugepages"
  Verdict verdict = Verdict::ok;
  std::string seen;
  std::string costs;   // of a finding that is not ok
  std::string remedy;  // likewise: the command or the setting
};

using Findings = std::vector<Finding>;

[[nodiscard]] inline Finding ok(std::string check, std::string seen) {
  return {std::move(check), Verdict::ok, std::move(seen), {}, {}};
}
[[nodiscard]] inline Finding advice(std::string check, std::string seen, std::string costs,
                                    std::string remedy) {
  return {std::move(check), Verdict::advice, std::move(seen), std::move(costs), std::move(remedy)};
}
[[nodiscard]] inline Finding fault(std::string check, std::string seen, std::string costs,
                                   std::string remedy) {
  return {std::move(check), Verdict::fault, std::move(seen), std::move(costs), std::move(remedy)};
}

}  // namespace stillwater::appliance::doctor
