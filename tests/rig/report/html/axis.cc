#include "tests/rig/report/html/axis.h"

#include <algorithm>
#include <cmath>

namespace stillwater::rig {
namespace {

constexpr double kNearly = 1e-9;

double round_step(double rough) {
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * decade * (1 + kNearly)) return factor * decade;
  }
  return 10 * decade;
}

}  // namespace

Axis Axis::linear(double low, double high, double from, double to) { return {false, low, high, from, to}; }

Axis Axis::logarithmic(double low, double high, double from, double to) {
  const double first = std::floor(std::log10(low) + kNearly);
  const double last = std::max(first + 1, std::ceil(std::log10(high) - kNearly));
  return {true, std::pow(10, first), std::pow(10, last), from, to};
}

double Axis::at(double value) const {
  const double inside = std::clamp(value, low_, high_);
  const double share =
      logarithmic_ ? std::log10(inside / low_) / std::log10(high_ / low_) : (inside - low_) / (high_ - low_);
  return from_ + share * (to_ - from_);
}

std::vector<double> Axis::ticks(int wanted) const {
  std::vector<double> found;
  if (!logarithmic_) {
    const double step = round_step((high_ - low_) / wanted);
    for (double tick = std::ceil(low_ / step - kNearly); tick * step <= high_ + step * kNearly; ++tick) {
      found.push_back(tick * step);
    }
    return found;
  }
  const bool between = 3 * std::log10(high_ / low_) <= wanted;
  for (double decade = low_; decade <= high_ * (1 + kNearly); decade *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && !between) break;
      if (decade * factor <= high_ * (1 + kNearly)) found.push_back(decade * factor);
    }
  }
  return found;
}

}  // namespace stillwater::rig
