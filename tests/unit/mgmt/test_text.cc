// Durations and numbers as operators read and write them.
#include <limits>

#include <catch2/catch.hpp>

#include "mgmt/cli/duration.h"
#include "mgmt/cli/table.h"

namespace stillwater::mgmt::cli {

TEST_CASE("a duration is read in each of its units, fractions too") {
  CHECK(parse_duration("250000ns") == Nanos(250'000));
  CHECK(parse_duration("100us") == Nanos(100us));
  CHECK(parse_duration("1.5ms") == Nanos(1500us));
  CHECK(parse_duration("0s") == Nanos(0));
  CHECK(parse_duration("3600s") == Nanos(3600s));
}

TEST_CASE("a duration that does not fit is an error, not a wrapped number") {
  CHECK_FALSE(parse_duration("99999999999s").has_value());
  CHECK_FALSE(parse_duration("nans").has_value());
  CHECK_FALSE(parse_duration("").has_value());
  CHECK_FALSE(parse_duration("1e3ms").has_value());
}

TEST_CASE("a printed duration reads back as the same") {
  const auto duration = GENERATE(Nanos(0), Nanos(1), Nanos(999), Nanos(100us), Nanos(1'500us), Nanos(10ms),
                                 Nanos(1'234'567), Nanos(90s));
  CHECK(parse_duration(format_duration(duration)) == duration);
}

TEST_CASE("numbers are grouped in threes") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
}

TEST_CASE("a measurement keeps three digits, and what was not measured is a dash") {
  CHECK(measured(0) == "0.00");
  CHECK(measured(4.256) == "4.26");
  CHECK(measured(46.25) == "46.2");
  CHECK(measured(1204.4) == "1,204");
  CHECK(measured(std::numeric_limits<double>::quiet_NaN()) == "-");
}

TEST_CASE("a span of time is told in its two largest units") {
  CHECK(span(42.9) == "42 s");
  CHECK(span(725) == "12m 05s");
  CHECK(span(11'400) == "3h 10m");
  CHECK(span(187'200) == "2d 04h");
}

}  // namespace stillwater::mgmt::cli
