// Numbers that are the same in each run.
#pragma once

#include <cstdint>
#include <random>

namespace stillwater::bench {

// std::mt19937 gives 32 bits in whatever is as wide as a long.
class Random {
 public:
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_{1};
};

}  // namespace stillwater::bench
