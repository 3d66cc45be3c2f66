#include "mgmt/cli/duration.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace stillwater::mgmt::cli {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};
constexpr std::array<Unit, 4> kUnits{{{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}}};

constexpr double kLongestNs = 9.2e18;  // what 64-bit nanoseconds hold, about 292 years

tl::unexpected<Error> not_a_duration(std::string_view text) {
  return fail(
      Errc::invalid_argument,
      fmt::format("'{}' is not a duration; expected a number with ns, us, ms or s, e.g. 100us, 1.5ms, 2s",
                  text));
}

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
  double number = 0;
  const char* const end_of_text = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), end_of_text, number, std::chars_format::fixed);
  if (error != std::errc{} || std::signbit(number) || !std::isfinite(number)) return not_a_duration(text);
  const std::string_view unit_name(end, static_cast<std::size_t>(end_of_text - end));
  for (const auto& unit : kUnits) {
    if (unit.name != unit_name) continue;
    const double ns = std::round(number * unit.ns);
    if (ns > kLongestNs) return not_a_duration(text);
    return Nanos(static_cast<std::int64_t>(ns));
  }
  return not_a_duration(text);
}

std::string format_duration(Nanos duration) {
  const auto ns = static_cast<double>(duration.count());
  for (const auto& unit : kUnits) {
    if (std::fabs(ns) >= unit.ns) return fmt::format("{}{}", ns / unit.ns, unit.name);
  }
  return "0s";
}

}  // namespace stillwater::mgmt::cli
