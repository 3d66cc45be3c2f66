// Instructions by function, as valgrind's callgrind counts them: the same on a slow machine as on a fast one,
// and on any processor, for valgrind has one of its own making (AVX2, no AVX512).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace stillwater::bench {

struct InstructionProfile {
  struct Function {
    std::string name;            // without namespaces that are not said to anybody, and without parameters
    std::uint64_t instructions;  // its own, not those of what it calls
  };
  std::uint64_t instructions = 0;
  std::vector<Function> functions;  // the greatest first
};

// Runs this program anew with `arguments` under callgrind, which writes `profile`, and its own words to
// `profile`.log. What the program prints. It is the program that turns counting on and off. Errors:
// unavailable (no valgrind, or the program fails under it).
[[nodiscard]] Result<std::string> run_under_callgrind(const std::string& arguments,
                                                      const std::string& profile);

// Of a file that it wrote. Errors: io, corrupt (another format).
[[nodiscard]] Result<InstructionProfile> read_profile(const std::string& path);

}  // namespace stillwater::bench
