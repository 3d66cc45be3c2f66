// Repeatable random numbers for property tests.
#pragma once

#include <cstdint>
#include <random>

namespace stillwater {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  [[nodiscard]] std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

}  // namespace stillwater
