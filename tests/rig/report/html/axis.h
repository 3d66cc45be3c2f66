// From values to positions. Pure.
#pragma once

#include <vector>

namespace stillwater::rig {

class Axis {
 public:
  // [low, high] to [from, to]; low < high.
  [[nodiscard]] static Axis linear(double low, double high, double from, double to);
  // Whole decades around [low, high], both above 0.
  [[nodiscard]] static Axis logarithmic(double low, double high, double from, double to);

  // Values outside are placed at the nearer end.
  [[nodiscard]] double at(double value) const;
  // Round values: about `wanted` of them, or the decades with 2 and 5 between them where there is room.
  [[nodiscard]] std::vector<double> ticks(int wanted) const;

  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

 private:
  Axis(bool logarithmic, double low, double high, double from, double to)
      : logarithmic_(logarithmic), low_(low), high_(high), from_(from), to_(to) {}

  bool logarithmic_;
  double low_;
  double high_;
  double from_;
  double to_;
};

}  // namespace stillwater::rig
