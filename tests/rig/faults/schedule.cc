#include "tests/rig/faults/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <random>
#include <sstream>

namespace stillwater::rig {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

struct Span {
  Nanos from;
  Nanos to;
};

Result<Span> parse_span(const std::string& text) {
  const auto dots = text.find("..");
  const auto from = parse_duration(trimmed(text.substr(0, dots)));
  if (!from) return tl::unexpected(from.error());
  if (dots == std::string::npos) return Span{*from, *from};
  const auto to = parse_duration(trimmed(text.substr(dots + 2)));
  if (!to) return tl::unexpected(to.error());
  if (*to < *from) return fail(Errc::invalid_argument, "\"" + text + "\" ends before it begins");
  return Span{*from, *to};
}

// The standard's distributions differ between libraries, a remainder does not.
Nanos choose(const Span& span, std::mt19937_64& numbers) {
  const auto width = static_cast<std::uint64_t>((span.to - span.from).count()) + 1;
  return span.from + Nanos(static_cast<Nanos::rep>(numbers() % width));
}

}  // namespace

Result<Nanos> parse_duration(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [unit_at, error] = std::from_chars(text.data(), end, value);
  const std::string unit(error == std::errc() ? unit_at : end, end);
  const double nanos = unit == "m" ? 60e9 : unit == "s" ? 1e9 : unit == "ms" ? 1e6 : unit == "us" ? 1e3 : 0;
  constexpr double kLongest = 86400e9;
  if (nanos == 0 || !std::isfinite(value) || std::signbit(value) || value * nanos > kLongest) {
    return fail(Errc::invalid_argument,
                "\"" + text + "\" is no duration of up to a day, such as 500us or 2s");
  }
  return Nanos(std::llround(value * nanos));
}

Result<std::vector<ScheduledFault>> schedule_faults(const std::string& text, std::uint64_t seed) {
  std::mt19937_64 numbers(seed);
  std::vector<ScheduledFault> schedule;
  std::istringstream parts(text + "+");
  for (std::string part; std::getline(parts, part, '+');) {
    const auto at = part.find('@');
    const std::string fault = trimmed(part.substr(0, at));
    if (fault.empty()) return fail(Errc::invalid_argument, "\"" + text + "\" lacks a fault's name");
    Span span{0ns, 0ns};
    if (at != std::string::npos) {
      const auto parsed = parse_span(trimmed(part.substr(at + 1)));
      if (!parsed) return tl::unexpected(parsed.error());
      span = *parsed;
    }
    schedule.push_back({fault, choose(span, numbers)});
  }
  std::stable_sort(schedule.begin(), schedule.end(),
                   [](const ScheduledFault& a, const ScheduledFault& b) { return a.after < b.after; });
  return schedule;
}

std::vector<std::string> joined_arguments(const std::vector<std::string>& parts) {
  std::vector<std::string> faults;
  for (const std::string& part : parts) {
    const bool argument = part.find('=') < part.find_first_of(":+@");
    if (argument && !faults.empty()) {
      faults.back() += "," + part;
    } else {
      faults.push_back(part);
    }
  }
  return faults;
}

Nanos fault_phase(std::uint64_t seed, std::uint32_t repetition, Nanos period) {
  std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), repetition};
  std::mt19937_64 numbers(mixed);
  return choose({0ns, period - 1ns}, numbers);
}

}  // namespace stillwater::rig
