#include "tests/bench/callgrind.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>

namespace stillwater::bench {
namespace {

constexpr std::string_view kHidden = "(anonymous namespace)::";
constexpr std::string_view kOurs = "stillwater::";

std::string without(std::string text, std::string_view part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.erase(at, part.size());
  return text;
}

// A function without a symbol counts with all others of its library.
std::string name_of(const std::string& function, const std::string& object) {
  const std::string library = std::filesystem::path(object).filename();
  if (function.rfind("0x", 0) == 0 || function == "???") return library + " (no symbol)";
  std::string name = without(without(function, kHidden), kOurs);
  return name.substr(0, name.find('(', 1));
}

// The last number of a line "POSITION COST".
bool read_cost(std::string_view line, std::uint64_t& cost) {
  const std::size_t space = line.find_last_of(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view digits = line.substr(space + 1);
  return std::from_chars(digits.data(), digits.data() + digits.size(), cost).ec == std::errc{};
}

bool is_cost(std::string_view line) { return !line.empty() && line[0] >= '0' && line[0] <= '9'; }

std::string quoted(const std::string& word) { return "'" + word + "'"; }

}  // namespace

Result<std::string> run_under_callgrind(const std::string& arguments, const std::string& profile) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string log = profile + ".log";
  const std::string command =
      "timeout -s KILL 600 valgrind --tool=callgrind --instr-atstart=no --collect-atstart=no "
      "--fair-sched=yes "
      "--compress-strings=no --compress-pos=no --callgrind-out-file=" +
      quoted(profile) + " " + quoted(self) + " " + arguments + " 2>" + quoted(log) + " </dev/null";
  FILE* output = popen(command.c_str(), "r");
  if (output == nullptr) return fail_errno("cannot run valgrind", errno);
  std::string printed;
  std::array<char, 512> some;
  while (std::fgets(some.data(), some.size(), output) != nullptr) printed += some.data();
  if (pclose(output) == 0) return printed;
  return fail(Errc::unavailable, "valgrind (package valgrind) did not run this program; see " + log);
}

// The format's specification is callgrind's own manual, "Callgrind Format Specification". A line that follows
// one of calls= has what the called functions took.
Result<InstructionProfile> read_profile(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return fail(Errc::io, "cannot read " + path);
  if (line != "# callgrind format") return fail(Errc::corrupt, path + " is not of callgrind's format");
  std::map<std::string, std::uint64_t> self_cost;
  std::string object, function;
  while (std::getline(file, line)) {
    if (line.rfind("ob=", 0) == 0) {
      object = line.substr(3);
    } else if (line.rfind("fn=", 0) == 0) {
      function = name_of(line.substr(3), object);
    } else if (line.rfind("calls=", 0) == 0) {
      std::getline(file, line);
    } else if (is_cost(line)) {
      std::uint64_t cost = 0;
      if (function.empty() || !read_cost(line, cost))
        return fail(Errc::corrupt, path + " has a line that callgrind does not write: " + line);
      self_cost[function] += cost;
    }
  }
  InstructionProfile profile;
  for (const auto& [name, cost] : self_cost) {
    profile.functions.push_back({name, cost});
    profile.instructions += cost;
  }
  std::stable_sort(profile.functions.begin(), profile.functions.end(),
                   [](const auto& a, const auto& b) { return a.instructions > b.instructions; });
  return profile;
}

}  // namespace stillwater::bench
